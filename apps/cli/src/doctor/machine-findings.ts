import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type Finding, ok, problem, warning } from "./finding.ts";

/** First version of Node that runs the command as it is; see bin/tributary.mjs. */
const NODE_MAJOR = 24;
/** Bytes of memory that a coordinator with two workers is comfortable with. */
const MEMORY_BYTES = 1_073_741_824;
/** Bytes of disk that checkpoints of a small run and its log are comfortable with. */
const DISK_BYTES = 536_870_912;
const GIBIBYTE = 1_073_741_824;

/** Milliseconds for asking this very Node about one of its flags. */
const FLAG_MS_MAX = 10_000;

/** Modules of WebAssembly with one function that uses a set of instructions: `i32x4.splat`, and `f32x4.relaxed_madd`. */
const FIXED_SIMD = moduleWith([0x41, 0, 0xfd, 0x11, 0x1a]);
const RELAXED_SIMD = moduleWith([
  ...[0, 0, 0].flatMap((zero) => [0x41, zero, 0xfd, 0x11]),
  ...[0xfd, 0x85, 0x02, 0x1a],
]);

/** What of Node and processor the wasm backend lives on. */
export function engineFindings(): Finding[] {
  const { node } = process.versions;
  return [
    Number(node.split(".", 1)[0]) >= NODE_MAJOR
      ? ok("node", `Node ${node}`)
      : problem(
          "node",
          `Node ${node} is older than ${NODE_MAJOR}`,
          "Install a newer Node, or run npm run setup in a clone",
        ),
    WebAssembly.validate(FIXED_SIMD)
      ? ok("simd", "WebAssembly with 128-bit vectors")
      : problem(
          "simd",
          "WebAssembly here has no vectors",
          "Use another processor, or another Node: the wasm backend needs them",
        ),
    WebAssembly.validate(RELAXED_SIMD)
      ? ok("relaxed-simd", "WebAssembly with fused multiply-add")
      : warning(
          "relaxed-simd",
          "WebAssembly here has no fused multiply-add",
          "Nothing must be done; products take up to twice as long",
        ),
    revectorizeFinding(),
    ok("threads", `${availableParallelism()} threads can compute at once`),
  ];
}

/** Memory of the machine, in bytes. */
export function memoryFinding(free = freemem(), total = totalmem()): Finding {
  const words = `${gibibytes(free)} of ${gibibytes(total)} GiB of memory are free`;
  return free >= MEMORY_BYTES
    ? ok("memory", words)
    : warning(
        "memory",
        words,
        "Close other programs, or start fewer --workers: each takes some 100 MB beside the model",
      );
}

/** The folder that runs are written to. @param out of `--out`; default `runs` in the current folder */
export function diskFinding(out: string | undefined): Finding {
  const wanted = resolve(out ?? "runs");
  let folder = wanted;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file`);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return problem(
      "disk",
      `${wanted} cannot be written: ${folder} is closed to this user, or no folder`,
      "Give --out FOLDER that can be",
    );
  }
  const { bavail, bsize } = statfsSync(folder);
  return spaceFinding(wanted, bavail * bsize);
}

/** The space behind a folder that can be written. @param free bytes */
export function spaceFinding(folder: string, free: number): Finding {
  const words = `${folder} can be written; ${gibibytes(free)} GiB are free`;
  return free >= DISK_BYTES
    ? ok("disk", words)
    : warning(
        "disk",
        words,
        "Free some space, or give --out FOLDER on another disk: a checkpoint that does not fit is lost",
      );
}

/** A Chromium or Chrome, for tabs on this machine and for the tests in a browser. */
export function browserFinding(): Finding {
  const found = chromiumPath();
  return found === null
    ? warning(
        "browser",
        "No Chromium or Chrome was found",
        "Install one to have tabs of this machine join, and for the tests in a browser; any other device's browser joins too",
      )
    : ok("browser", `A browser that tabs can join from: ${found}`);
}

function chromiumPath(): string | null {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome.exe"];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = [
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  ];
  return places.find((place) => existsSync(place)) ?? null;
}

/** V8 makes 256-bit operations of pairs of 128-bit ones under a flag, where the processor has AVX2. */
function revectorizeFinding(): Finding {
  const flag = "--experimental-wasm-revectorize";
  const { status } = spawnSync(process.execPath, [flag, "-e", "0"], { stdio: "ignore", timeout: FLAG_MS_MAX });
  return status === 0
    ? ok("wide-vectors", `This Node knows ${flag}: 256-bit arithmetic where the processor has AVX2`)
    : warning(
        "wide-vectors",
        `This Node does not know ${flag}`,
        "Nothing must be done; Node 24 has it and computes up to twice as fast",
      );
}

/** A module of one function without parameters and results. Source: WebAssembly Core Specification, 5.5. */
function moduleWith(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...code, 0x0b];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, 2, 1, 0],
    ...[10, body.length + 2, 1, body.length],
    ...body,
  );
}

function gibibytes(bytes: number): string {
  return (bytes / GIBIBYTE).toFixed(1);
}

// The one entry behind every npm script. It runs on any Node from 18 on: it sets the workspace up when something changed,
// then hands over to the Node that the project pins, so that everybody runs the same engine.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PNPM_VERSION = "12.21.0";
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".tributary-setup");
const pinnedNode = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const binFolder = join(root, "node_modules", ".bin");

/** People's words go to standard error: standard output belongs to the command (one JSON object a line with --json). */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Files that decide what is installed: the lock file, and every package.json of the workspace. */
function dependencyFiles() {
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"];
  for (const folder of ["packages", "apps"]) {
    for (const name of readdirSync(join(root, folder))) files.push(join(folder, name, "package.json"));
  }
  files.push("test/package.json", "examples/package.json", "bench/package.json");
  return files.filter((file) => existsSync(join(root, file)) && statSync(join(root, file)).isFile());
}

function dependencyHash() {
  const hash = createHash("sha256");
  for (const file of dependencyFiles())
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function isSetUp(hash) {
  return existsSync(pinnedNode) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash;
}

function setUp() {
  const hash = dependencyHash();
  if (isSetUp(hash)) return;
  const startMs = Date.now();
  say(
    "Setting up: installing the dependencies named in pnpm-lock.yaml and the pinned Node (once; quick afterwards) ...",
  );
  const result = runPnpm(["install", "--frozen-lockfile"]);
  if (result.status !== 0) {
    say(
      `Set-up failed: pnpm ended with ${result.status ?? result.signal}. Read its lines above; is the npm registry within reach?`,
    );
    process.exit(1);
  }
  writeFileSync(stampFile, hash);
  say(`Set up in ${((Date.now() - startMs) / 1000).toFixed(1)} s.`);
}

/** The dashboard and the join page, built by the pinned Node; looks at what they are made from, and does nothing if that is the same. */
function buildPages() {
  const result = spawnSync(pinnedNode, [join(root, "apps/browser/src/build/main.ts")], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status === 0) return;
  say("The pages were not built: what needs a browser will not work. The lines above say why.");
  process.exit(1);
}

function environment() {
  const path = `${binFolder}${process.platform === "win32" ? ";" : ":"}${process.env.PATH ?? ""}`;
  return { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: "1", npm_config_yes: "true" };
}

/** Runs pnpm, which turbo too wants within reach, to its end; what it says goes to standard error. */
function runPnpm(pnpmArguments) {
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  return spawnSync(npx, ["--yes", `pnpm@${PNPM_VERSION}`, ...pnpmArguments], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    env: { ...environment(), CI: process.env.CI ?? "1" },
  });
}

/** Runs a tool of the workspace to its end; returns its exit code. */
function runTool(name, toolArguments) {
  const result = spawnSync(join(binFolder, name), toolArguments, { cwd: root, stdio: "inherit", env: environment() });
  return result.status ?? 1;
}

/** Replaces this process, as far as Node can: signals are passed on and the exit code is the program's own. */
function become(file, fileArguments) {
  const child = spawn(pinnedNode, [join(root, file), ...fileArguments], { stdio: "inherit", env: environment() });
  // A terminal sends Ctrl-C to the whole group: the program handles it, this process only waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) =>
    process.exit(code ?? (signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 1)),
  );
}

function check() {
  const steps = [
    [
      "types of every package",
      () => runPnpm(["exec", "turbo", "run", "types", "--output-logs=errors-only"]).status ?? 1,
    ],
    ["types of the tests", () => runTool("tsc", ["-p", "tsconfig.json"])],
    ["lint and format", () => runTool("biome", ["check", "."])],
    ["import rules and style", () => runTool("vitest", ["run", "--project", "house"])],
  ];
  for (const [what, run] of steps) {
    say(`check: ${what}`);
    const code = run();
    if (code !== 0) {
      say(`check: ${what}: failed`);
      process.exit(code);
    }
  }
  say("check: all is well");
}

const [command, ...rest] = process.argv.slice(2);
setUp();
switch (command) {
  case "setup":
    buildPages();
    break;
  case "start":
    buildPages();
    become("apps/cli/src/main.ts", ["train", join(root, "examples", "digits.run.ts"), "--workers", "2", ...rest]);
    break;
  case "test":
    buildPages();
    process.exit(runTool("vitest", ["run", ...rest]));
    break;
  case "check":
    check();
    break;
  case "format":
    process.exit(runTool("biome", ["check", "--write", "."]));
    break;
  case "bench":
    become("bench/src/main.ts", rest);
    break;
  default:
    say(
      `Unknown command ${JSON.stringify(command)}: use npm start, npm test, npm run check, npm run bench or npm run setup`,
    );
    process.exit(2);
}

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPeers } from "./peers/installation.ts";

/** Something that trains: a program that speaks what serve-engine.ts says. */
export interface Engine {
  /** As in the results. */
  readonly name: string;
  readonly command: string;
  /** The work's name comes behind them. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const SOURCE_FOLDER = dirname(fileURLToPath(import.meta.url));

/** Our own engine. */
export const TRIBUTARY: Engine = nodeEngine("tributary-wasm", "tributary-engine.ts");

/** Our own engine on the GPU, in Node over Dawn. */
export const TRIBUTARY_DAWN: Engine = nodeEngine("tributary-dawn", "dawn-engine.ts");

/** PyTorch on the GPU; null where no python with it is found. Whether it has CUDA, it says itself. */
export function findPytorchOnGpu(): Engine | null {
  const python = findPython();
  if (python === null) return null;
  const script = join(SOURCE_FOLDER, "peers/pytorch.py");
  return { name: "pytorch-cuda", command: python, arguments: [script, "--cuda"], environment: {} };
}

/** One thread each, however many cores there are. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

/** Where a python with PyTorch is looked for; PYTHON in the environment comes first. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** Finds or installs the peers; what is left out is said. @param say takes a line for people */
export function findPeers(say: (line: string) => void): Engine[] {
  const installed = installPeers(say)
    ? [nodeEngine("tfjs-wasm", "peers/tfjs.mjs"), nodeEngine("jax-js-wasm", "peers/jax-js.mjs")]
    : [];
  const python = findPython();
  if (python === null) {
    say(
      "pytorch is left out: no python3 here imports torch. Install it (Debian: python3-torch and libopenblas0-pthread), or name a python that has it in the environment as PYTHON",
    );
    return installed;
  }
  const script = join(SOURCE_FOLDER, "peers/pytorch.py");
  return [...installed, { name: "pytorch", command: python, arguments: [script], environment: ONE_THREAD }];
}

function nodeEngine(name: string, file: string): Engine {
  return { name, command: process.execPath, arguments: [join(SOURCE_FOLDER, file)], environment: {} };
}

function findPython(): string | null {
  const candidates = process.env.PYTHON === undefined ? PYTHONS : [process.env.PYTHON, ...PYTHONS];
  const hasTorch = (python: string) => spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status === 0;
  return candidates.find(hasTorch) ?? null;
}

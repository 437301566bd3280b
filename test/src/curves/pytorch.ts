import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors, type SafetensorsFile } from "@tributary/training";

const SCRIPT = join(import.meta.dirname, "curves.py");
/** Where a Python with PyTorch is looked for; PYTHON in the environment comes first. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** A Python that imports torch, or null. */
export function findPython(): string | null {
  const candidates = process.env.PYTHON === undefined ? PYTHONS : [process.env.PYTHON, ...PYTHONS];
  const hasTorch = (python: string) => spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status === 0;
  return candidates.find(hasTorch) ?? null;
}

/** What PyTorch did: its weights before, the samples of all steps, and its losses. */
export interface PyTorchRun {
  readonly torch: string;
  /** As it was written. */
  readonly initial: SafetensorsFile;
  readonly fields: Readonly<Record<"inputs" | "targets", Samples>>;
  /** One loss a step. */
  readonly float32: readonly number[];
  readonly float64: readonly number[];
}

/** Samples one after the other. */
export interface Samples {
  /** Of one sample. */
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Trains one work with PyTorch; its files go into `folder`. @throws Error with what Python said */
export function trainWithPyTorch(python: string, work: string, folder: string): PyTorchRun {
  const result = spawnSync(python, [SCRIPT, folder, work], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${python} ${SCRIPT} ended with ${result.status}: ${result.stderr}`);
  return readRun(folder, work);
}

/** What curves.py wrote of a work. */
function readRun(folder: string, work: string): PyTorchRun {
  const initial = decodeSafetensors(new Uint8Array(readFileSync(join(folder, `${work}-initial.safetensors`))));
  const batches = decodeSafetensors(new Uint8Array(readFileSync(join(folder, `${work}-batches.safetensors`))));
  return {
    torch: initial.metadata.get("torch") ?? "",
    initial,
    fields: { inputs: samplesOf(batches, "inputs"), targets: samplesOf(batches, "targets") },
    float32: numbersOf(batches, "losses/float32"),
    float64: numbersOf(batches, "losses/float64"),
  };
}

function elementsOf(file: SafetensorsFile, name: string): { shape: readonly number[]; data: Float64Array } {
  const entry = file.tensors.get(name);
  if (entry === undefined) throw new Error(`curves.py wrote no ${name}`);
  const { buffer } = new Uint8Array(entry.bytes);
  const views = { F32: Float32Array, F64: Float64Array, I32: Int32Array };
  if (entry.dtype !== "F32" && entry.dtype !== "F64" && entry.dtype !== "I32") {
    throw new Error(`curves.py wrote ${name} as ${entry.dtype}`);
  }
  return { shape: entry.shape, data: Float64Array.from(new views[entry.dtype](buffer)) };
}

function numbersOf(file: SafetensorsFile, name: string): number[] {
  return [...elementsOf(file, name).data];
}

function samplesOf(file: SafetensorsFile, name: string): Samples {
  const { shape, data } = elementsOf(file, name);
  const isInteger = file.tensors.get(name)?.dtype === "I32";
  return { shape: shape.slice(1), data: isInteger ? Int32Array.from(data) : Float32Array.from(data) };
}

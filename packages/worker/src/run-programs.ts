import { type Field, type Manifest, parseManifest, sha256Hex } from "@tributary/data";
import { decodeProgram, type Program, shapesEqual, type TensorType } from "@tributary/program";
import { SUMS_BYTES_MAX } from "@tributary/protocol";
import type { RunSetup } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import type { FetchBlob } from "./transport.ts";

/** What a worker needs to compute leases of a run, fetched and checked. */
export interface RunPrograms {
  readonly gradient: Program;
  readonly evaluate: Program | null;
  readonly manifest: Manifest;
}

/**
 * Fetches a run's programs and manifest by their hashes, and believes nothing: hashes, the programs' validity and
 * limits, and that their inputs and outputs have the sizes of the layout, the manifest's fields and the microbatch.
 * @throws WorkerError BLOB_*, PROGRAM_MISMATCH, MANIFEST_TEXT; ProgramError; DataError
 */
export async function fetchRunPrograms(setup: RunSetup, fetchBlob: FetchBlob): Promise<RunPrograms> {
  const manifest = await fetchManifest(setup.manifest, fetchBlob);
  const gradient = await fetchProgram(setup.programs.gradient, fetchBlob);
  const { evaluate: evaluateHash } = setup.programs;
  const evaluate = evaluateHash === null ? null : await fetchProgram(evaluateHash, fetchBlob);
  checkEdges(gradient, setup, manifest.fields);
  checkSums(gradient, setup.layout.trainableLength + setup.layout.statisticsLength);
  if (evaluate !== null) {
    checkEdges(evaluate, setup, manifest.fields);
    checkSums(evaluate, 0);
  }
  return { gradient, evaluate, manifest };
}

/** Samples that one run of the programs takes. */
export function partSamples({ microbatch, parts = 1 }: RunSetup): number {
  return microbatch / parts;
}

/** Elements of a program's sums, which is its one output. */
export function sumsLength(program: Program): number {
  return program.outputs[0]?.shape[0] ?? 0;
}

async function fetchProgram(hash: string, fetchBlob: FetchBlob): Promise<Program> {
  // Bytes are accepted only in their canonical form: equal programs have one hash.
  const bytes = await fetchBlob(hash);
  const program = decodeProgram(bytes);
  requireHash("program", await sha256Hex(bytes), hash);
  return program;
}

async function fetchManifest(hash: string, fetchBlob: FetchBlob): Promise<Manifest> {
  const bytes = await fetchBlob(hash);
  let json: string;
  try {
    json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WorkerError("MANIFEST_TEXT", `The manifest ${hash} is no UTF-8 text: fetch it again`, { cause });
  }
  const manifest = parseManifest(json);
  requireHash("manifest", await sha256Hex(bytes), hash);
  return manifest;
}

function requireHash(what: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new WorkerError("BLOB_HASH", `The ${what} that was fetched as ${expected} has the SHA-256 ${found}`);
}

function edgeTypes(setup: RunSetup, fields: readonly Field[]): ReadonlyMap<string, TensorType> {
  const { layout } = setup;
  const samples = partSamples(setup);
  const types = new Map<string, TensorType>([
    ["parameters", { dtype: "float32", shape: [layout.parameterLength] }],
    ["buffers", { dtype: "float32", shape: [layout.bufferLength] }],
    ["weights", { dtype: "float32", shape: [samples] }],
    ["indices", { dtype: "uint32", shape: [samples] }],
    ["seed", { dtype: "uint32", shape: [2] }],
    ["step", { dtype: "uint32", shape: [1] }],
  ]);
  for (const { name, dtype, shape } of fields) types.set(name, { dtype, shape: [samples, ...shape] });
  return types;
}

function checkEdges(program: Program, setup: RunSetup, fields: readonly Field[]): void {
  const expected = edgeTypes(setup, fields);
  for (const { name, dtype, shape } of program.inputs) {
    if (name === "sums") continue;
    const type = expected.get(name);
    if (type?.dtype === dtype && shapesEqual(type.shape, shape)) continue;
    const wanted =
      type === undefined ? "there is no such input" : `it must be ${type.dtype} [${type.shape.join(", ")}]`;
    throw new WorkerError(
      "PROGRAM_MISMATCH",
      `Program ${program.name}: the input ${name} is ${dtype} [${shape.join(", ")}], but ${wanted}`,
    );
  }
}

/** @param leadLength floats of gradient and statistics, which come before the sums that ride along */
function checkSums(program: Program, leadLength: number): void {
  const [output, ...others] = program.outputs;
  const bytes = 4 * (sumsLength(program) - leadLength);
  const isSums = output?.name === "sums" && output.replaces === "sums" && others.length === 0;
  if (isSums && output.dtype === "float32" && output.shape.length === 1 && bytes >= 4 && bytes <= SUMS_BYTES_MAX)
    return;
  throw new WorkerError(
    "PROGRAM_MISMATCH",
    `Program ${program.name} has the outputs ${program.outputs.map((o) => `${o.name} ${o.dtype} [${o.shape.join(", ")}]`).join("; ")}, ` +
      `but must have one, sums, that replaces sums, float32, ${leadLength} elements and 1 to ${SUMS_BYTES_MAX / 4} more`,
  );
}

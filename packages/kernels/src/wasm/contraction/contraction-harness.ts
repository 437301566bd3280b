import type { Body, ContractKernel, View } from "../../ir.ts";
import { ModuleBuilder } from "../assembler.ts";
import type { FunctionBuilder, FunctionReference } from "../assembler-function.ts";
import type { BodyAccess, KernelContext } from "../context.ts";
import { contractionScratchBytes, emitContraction } from "./contraction.ts";
import { type Geometry, WIDE_GEOMETRY } from "./geometry.ts";

/** Storages of a test: 0 is a, 1 is b, 2 is the output, 3 what the epilogue adds. */
export type Arrays = readonly Float32Array[];

/** Strides of a row-major tensor. */
export const dense = (shape: readonly number[]): number[] => shape.map((_, axis) => size(shape.slice(axis + 1)));

/** Number of elements. */
export const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** A view of one of the arrays, row-major unless strides are given. */
export const view = (storage: number, shape: readonly number[], strides = dense(shape), offset = 0): View => ({
  storage,
  shape,
  strides,
  offset,
});

/** Just the product. */
export const plain = (shape: readonly number[]): Body => ({
  shape,
  steps: [{ kind: "result", dtype: "float32", number: 0 }],
  stores: [{ step: 0, storage: 2, window: { offset: 0, strides: dense(shape) } }],
});

/** The product plus elements of storage 3. */
export const plus = (shape: readonly number[], strides: readonly number[]): Body => ({
  shape,
  steps: [
    { kind: "result", dtype: "float32", number: 0 },
    { kind: "load", dtype: "float32", storage: 3, window: { offset: 0, strides } },
    { kind: "apply", dtype: "float32", operation: "add", arguments: [0, 1] },
  ],
  stores: [{ step: 2, storage: 2, window: { offset: 0, strides: dense(shape) } }],
});

/** One contraction in a module of its own. */
export interface Assembled {
  readonly entry: () => void;
  /** Views of the arrays in the module's memory. */
  readonly arrays: Arrays;
}

/** Assembles one contraction over copies of the arrays, with the epilogue of {@link plain} or {@link plus}. */
export function assemble(kernel: ContractKernel, arrays: Arrays, geometry = WIDE_GEOMETRY, fma = true): Assembled {
  const module = new ModuleBuilder();
  const addresses: number[] = [];
  let end = 64;
  for (const array of arrays) {
    addresses.push(end);
    end = Math.ceil((end + array.byteLength) / 64) * 64;
  }
  const pages = Math.ceil((end + contractionScratchBytes(kernel, geometry) + 64) / 65536);
  module.importMemory({ module: "host", name: "memory", initialPages: pages });
  const context = testContext(module, addresses, end, { geometry, fma });
  emitContraction(context, kernel, (vectors, access) => writeEpilogue(context.body, kernel, vectors, access));
  const memory = new WebAssembly.Memory({ initial: pages });
  // Nothing may depend on what memory held before: scratch is full of NaN.
  new Float32Array(memory.buffer).fill(Number.NaN);
  const views = arrays.map((array, index) => new Float32Array(memory.buffer, addresses[index], array.length));
  for (const [index, array] of arrays.entries()) views[index].set(array);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { host: { memory } });
  const entry = instance.exports.run;
  if (typeof entry !== "function") throw new Error("The module exports no function named run");
  return { entry: () => entry(), arrays: views };
}

/** A context for one exported function `run`, with storages of float32 at given addresses. */
export function testContext(
  module: ModuleBuilder,
  addresses: readonly number[],
  scratch: number,
  options: { readonly geometry: Geometry; readonly fma: boolean } = { geometry: WIDE_GEOMETRY, fma: true },
): KernelContext {
  const code = module.function([], [], "run");
  const routines = new Map<string, FunctionReference>();
  return {
    features: { fma: options.fma },
    geometry: options.geometry,
    body: code,
    routine: (key, parameters, build, results = []) => {
      const known = routines.get(key);
      if (known !== undefined) return known;
      const routine = module.function(parameters, results);
      routines.set(key, routine);
      build(routine);
      return routine;
    },
    constantBytes: () => 0,
    pushAddress: (storage, offset = 0) => code.i32(addresses[storage] + offset),
    pushScratch: (offset = 0) => code.i32(scratch + offset),
  };
}

function writeEpilogue(code: FunctionBuilder, kernel: ContractKernel, vectors: number, access: BodyAccess): void {
  for (let vector = 0; vector < vectors; vector++) {
    access.result(0, vector);
    if (kernel.epilogue.steps.length > 1) {
      access.load(1, vector);
      code.op("f32x4.add");
    }
    const value = code.local("v128");
    code.set(value);
    access.store(0, vector, value);
    code.release(value);
  }
}

/** Runs one contraction on copies of the arrays and gives the output. */
export function run(kernel: ContractKernel, arrays: Arrays, geometry = WIDE_GEOMETRY, fma = true): Float32Array {
  const assembled = assemble(kernel, arrays, geometry, fma);
  assembled.entry();
  return assembled.arrays[2];
}

/** Numbers between -1 and 1 that are not the same at each place: a linear congruential generator's high bits. */
export function noise(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A sum in double precision, with the sum of the terms' magnitudes for the tolerance. */
export class Sums {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;

  constructor(length: number) {
    this.values = new Float64Array(length);
    this.magnitudes = new Float64Array(length);
  }

  add(index: number, term: number): void {
    this.values[index] += term;
    this.magnitudes[index] += Math.abs(term);
  }
}

/** The largest difference from the exact sums, as a part of the magnitudes of their terms; NaN where anything is NaN. */
export function farthest(found: Float32Array, sums: Sums): number {
  let worst = 0;
  for (let index = 0; index < found.length; index++) {
    const difference = Math.abs(found[index] - sums.values[index]);
    const ratio = difference === 0 ? 0 : difference / sums.magnitudes[index];
    if (!(ratio <= worst)) worst = ratio;
    if (Number.isNaN(worst)) return worst;
  }
  return worst;
}

import type { StorageId } from "../ir.ts";
import type { FunctionBuilder, FunctionReference, Local } from "./assembler-function.ts";
import type { ValueType } from "./assembler-stack.ts";
import type { Geometry } from "./contraction/geometry.ts";

/** What a machine offers beyond SIMD128; part of the arithmetic class. */
export interface Features {
  /** f32x4.relaxed_madd is there, and fuses. */
  readonly fma: boolean;
}

/** What the kernels of one module share. */
export interface ModuleServices {
  /**
   * A function that the kernels of one module share. `build` writes it when `key` is asked for the first time; the key must
   * name everything that the code depends on.
   */
  routine(
    key: string,
    parameterTypes: readonly ValueType[],
    build: (code: FunctionBuilder) => void,
    resultTypes?: readonly ValueType[],
  ): FunctionReference;
  /** The address (16-byte aligned) of constant bytes that are there from the start; `build` makes them when `key` is new. */
  constantBytes(key: string, build: () => Uint8Array): number;
}

/**
 * What an emitter of a kernel works with. Each kernel is one WebAssembly function without parameters and results
 * (`body` is its builder); memory is index 0.
 */
export interface KernelContext extends ModuleServices {
  readonly features: Features;
  readonly body: FunctionBuilder;
  /** Tiles of the contractions' micro-kernels: a matter of speed alone, never of results. */
  readonly geometry: Geometry;
  /** Pushes the i32 address of a storage's element 0 plus `byteOffset`. Loop-invariant inside a kernel: keep it in a local. */
  pushAddress(storage: StorageId, byteOffset?: number): void;
  /** Pushes the i32 address (64-byte aligned) of this kernel's own scratch memory, of the size asked for when planning. */
  pushScratch(byteOffset?: number): void;
}

/**
 * How a kernel around a body (contraction, reduction, map) brings elements in and out. The body's emitter (body.ts) calls these for
 * one vector of four adjacent lanes; all lanes' values are v128 (float32x4, int32x4; bool as a mask of all ones or zeros;
 * uint8 widened to int32x4; float16 as its bits in int32x4).
 */
export interface BodyAccess {
  /** Pushes the v128 of a load step (its number in the body). `vector` counts the adjacent vectors emitted together. */
  load(step: number, vector: number): void;
  /** Pushes the v128 of an index step. */
  index(step: number, vector: number): void;
  /** Pushes the v128 of result number `result`. */
  result(result: number, vector: number): void;
  /** Writes the v128 in local `value` to store number `store`. */
  store(store: number, vector: number, value: Local): void;
}

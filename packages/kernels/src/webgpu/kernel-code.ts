import type { DType } from "@tributary/program";
import type { Kernel, Storage, StorageId } from "../ir.ts";

/** Invocations of every workgroup: what WebGPU guarantees (maxComputeInvocationsPerWorkgroup). */
export const WORKGROUP_SIZE = 256;

/** WGSL types of elements in registers: float16 as its bits, uint8 as it is, bool as 0 or 1. */
export type RegisterType = "f32" | "i32" | "u32";

/** The register type of each dtype. */
export const REGISTER_TYPES: Readonly<Record<DType, RegisterType>> = {
  float32: "f32",
  float16: "u32",
  int32: "i32",
  uint32: "u32",
  uint8: "u32",
  bool: "u32",
};

/** What the GPU offers beyond the least that WebGPU guarantees, as far as code is written for it. */
export interface GpuFeatures {
  /**
   * Neighbours that can exchange values without memory: invocations lid and lid ^ d are in one subgroup for every d below this power of 2, however
   * large the driver makes its subgroups. 1 where WGSL's subgroup operations are missing, wrong or switched off.
   */
  readonly subgroupLanes: number;
  /** Bytes of workgroup memory that one dispatch may use. */
  readonly workgroupBytes: number;
  /** Buffers that one dispatch may use. */
  readonly storageBuffers: number;
  /** Bytes of one buffer that a dispatch can reach. */
  readonly bindingBytes: number;
  /** Bytes that one buffer can have; a dispatch may reach only a part of them. */
  readonly bufferBytes: number;
}

/**
 * Elements of one storage, counted from a base that is known when the program is planned. Indices are WGSL expressions of type u32 whose arithmetic
 * wraps: a negative stride is a large u32.
 */
export interface Access {
  /** @returns an expression of the dtype's register type */
  load(index: string): string;
  /** @returns a statement. Elements that share no 32-bit word may be stored by any invocation; so may those that do. */
  store(index: string, value: string): string;
}

/** Where code puts what it needs beside itself. */
export interface RoutineSink {
  /** Adds a WGSL function (or constant) once; `name` is its name and stands for its text: two texts need two names. */
  routine(name: string, text: string): void;
}

/** What the code of a kernel is written with. It runs in a dispatch with other kernels' code, each in a function of its own. */
export interface KernelContext extends RoutineSink {
  readonly features: GpuFeatures;
  readonly storages: readonly Storage[];
  /** Whether one workgroup runs all numbers of this code in turn, as in a chain, rather than as many workgroups at once. */
  readonly chained: boolean;
  /**
   * Whether workgroup memory is to be spared, because the kernels that share it would otherwise need more than there is: then an array has at most 8 KiB of
   * vec4<f32> and 4 KiB of anything else, few fused reductions given.
   */
  readonly sparing: boolean;
  /** Elements of a storage from element `offset` on. Two calls with equal arguments share a base. */
  access(storage: StorageId, offset: number): Access;
  /**
   * An array in workgroup memory. Kernels of a dispatch share it: what is in it at first is undefined, and a workgroupBarrier stands between
   * two kernels (and two workgroup numbers) that one workgroup runs. @returns its name
   */
  workgroupArray(type: "f32" | "vec4<f32>" | "i32" | "u32", length: number): string;
}

/** The code of a kernel: a WGSL function's statements. */
export interface KernelCode {
  /** The code runs once for each number 0 ... workgroups - 1, in no order. */
  readonly workgroups: number;
  /**
   * Reads `wg` (u32, the number; uniform) and `lid` (u32, 0 ... WORKGROUP_SIZE - 1); `return` is not allowed where a barrier
   * follows for others. Names of its own need be unique only in the function.
   */
  readonly statements: string;
}

/** Writes the code of a kernel. */
export type EmitKernel<K extends Kernel> = (context: KernelContext, kernel: K) => KernelCode;

/** The storages of a program while its kernels are rewritten for the GPU. */
export interface GpuStorages {
  readonly all: readonly Storage[];
  /** A new storage; without a place it is in the arena. @returns its id */
  add(storage: Pick<Storage, "dtype" | "length"> & Partial<Pick<Storage, "place">>): StorageId;
  /** A loop number that no scan has: the variable of a place of kind "turn" may be any number that code sets. */
  newLoop(): number;
}

/** One digit of the number of a chain's part. Places of kind "turn" with this loop move with it. */
export interface ChainDigit {
  readonly loop: number;
  /** It runs from 0 to size - 1. */
  readonly size: number;
}

/**
 * Kernels that one workgroup runs one after the other for its own part of the data: a barrier and no dispatch stands between them. Parts touch nothing
 * of each other's. A scan on the GPU is always in one of these.
 */
export interface ChainKernel {
  readonly kind: "chain";
  /** Number of parts: the product of the digits' sizes. */
  readonly groups: number;
  /** The number of a part in mixed radix, the most significant digit first; none where there is one part. */
  readonly digits: readonly ChainDigit[];
  /** Each for one part. */
  readonly kernels: readonly Kernel[];
  /** What all parts together do, by which dependencies are found. */
  readonly whole: readonly Kernel[];
}

/** What a dispatch is made of. */
export type GpuKernel = Kernel | ChainKernel;

/** The WGSL variable (u32) that holds the time of a scan's current turn, or a digit of the number of a chain's part. */
export function loopVariable(loop: number): string {
  return `time${loop}`;
}

/** The WGSL variable (u32) that counts a scan's turns from 0, however its time runs: carries alternate by it. */
export function turnVariable(loop: number): string {
  return `turn${loop}`;
}

/** A whole number as a u32 literal; negative ones wrap. */
export function literal(value: number): string {
  return `${value >>> 0}u`;
}

/** The sum of coordinates times strides, as an expression of u32. */
export function indexOf(coordinates: readonly string[], strides: readonly number[]): string {
  const terms = strides.flatMap((stride, axis) => {
    if (stride === 0) return [];
    return [stride === 1 ? coordinates[axis] : `${coordinates[axis]} * ${literal(stride)}`];
  });
  return terms.length === 0 ? "0u" : terms.join(" + ");
}

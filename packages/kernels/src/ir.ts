import type {
  BinaryName,
  Comparator,
  CompositeName,
  ConvolutionAttributes,
  DType,
  PrimitiveAttributes,
  Shape,
  UnaryName,
} from "@tributary/program";

/**
 * The kernel form of a program: what lowering makes of a graph, before any backend turns it into instructions.
 *
 * A graph's values become storages (memory) and kernels (loops). Reshapes, transposes, slices, broadcasts and flips have
 * vanished: they are the offsets and strides by which kernels address storages.
 */

/** Index into {@link KernelProgram.storages}. */
export type StorageId = number;

/** Where a storage lives. Offsets and strides count elements of the storage's own dtype. */
export type Place =
  /** The buffer bound to a program's input. */
  | { readonly kind: "input"; readonly index: number }
  /** The buffer bound to a program's output that replaces no input. */
  | { readonly kind: "output"; readonly index: number }
  /** Scratch memory; the memory plan gives it an address. */
  | { readonly kind: "arena" }
  /** Literal elements as they are stored (float16 as bits), one for each, in row-major order. */
  | { readonly kind: "constant"; readonly values: readonly number[] }
  /** Part of another storage, from element `offset` on. */
  | { readonly kind: "alias"; readonly storage: StorageId; readonly offset: number }
  /** Part of another storage that moves with the turn of a scan: it starts at element offset + time * stride. */
  | {
      readonly kind: "turn";
      readonly storage: StorageId;
      readonly offset: number;
      readonly stride: number;
      readonly loop: number;
    }
  /** A carry of a scan: what a turn reads, or what it writes. The two sides alternate between two storages. */
  | { readonly kind: "carry"; readonly carry: number; readonly side: "read" | "write" };

/** A dense piece of memory. */
export interface Storage {
  readonly dtype: DType;
  readonly length: number;
  readonly place: Place;
}

/** Element [i0, i1, ...] is the storage's element offset + i0 * strides[0] + i1 * strides[1] + ... A stride may be 0 or negative. */
export interface Window {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A strided view of a storage: what a kernel reads or writes. */
export interface View extends Window {
  readonly storage: StorageId;
  readonly shape: Shape;
}

/** What is computed for one element. Comparisons are named apart from `compare` so that a step needs no attributes. */
export type ScalarOperation = UnaryName | BinaryName | Comparator | "where" | "cast" | "threefry";

/** One line of a body; `arguments` are numbers of earlier steps. `dtype` is the dtype of the step's value. */
export type Step =
  /** The storage's element at the window's place, whose strides run over the body's shape. */
  | { readonly kind: "load"; readonly dtype: DType; readonly storage: StorageId; readonly window: Window }
  /** The integer offset + i0 * strides[0] + ... itself (an iota, and what became of it). int32. */
  | { readonly kind: "index"; readonly dtype: "int32"; readonly window: Window }
  /** What the kernel around the body has computed for this element: the product, or the reduction of this number. */
  | { readonly kind: "result"; readonly dtype: DType; readonly number: number }
  /** A literal as it is stored: float16 as its bits, bool as 0 or 1. */
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  /** threefry takes (key word 0, key word 1, counter high, counter low). cast goes from its argument's dtype to `dtype`. */
  | {
      readonly kind: "apply";
      readonly dtype: DType;
      readonly operation: ScalarOperation;
      readonly arguments: readonly number[];
    };

/** Writes a step's value to a storage of the step's dtype. */
export interface Store {
  readonly step: number;
  readonly storage: StorageId;
  readonly window: Window;
}

/** Scalar code run for every element of an iteration space `shape`; windows have one stride for each of its axes. */
export interface Body {
  readonly shape: Shape;
  readonly steps: readonly Step[];
  readonly stores: readonly Store[];
}

/** Fused elementwise work, any number of outputs; also copies, fills and random numbers. */
export interface MapKernel {
  readonly kind: "map";
  readonly body: Body;
}

/** How one reduction folds the values of a prologue's step. argmax gives an int32 position along its only axis. */
export interface Reduction {
  readonly reducer: "sum" | "max" | "argmax";
  readonly step: number;
  readonly dtype: DType;
}

/**
 * Folds over `axes` of the prologue's shape. The epilogue's shape is the prologue's without those axes, and its result
 * steps are the reductions. The prologue may store too.
 */
export interface ReduceKernel {
  readonly kind: "reduce";
  readonly prologue: Body;
  readonly axes: readonly number[];
  readonly reductions: readonly Reduction[];
  readonly epilogue: Body;
}

/**
 * What a contraction computes. The operands' shapes are those of the operation's inputs, but for matmul: there `a` is always
 * [...batch, M, K] and `b` [...batch, K, N], transposition and broadcast batches being in the strides.
 */
export type Contraction =
  | { readonly operation: "matmul" }
  | { readonly operation: "convolution"; readonly attributes: ConvolutionAttributes }
  | {
      readonly operation: "convolutionInputGradient";
      readonly attributes: PrimitiveAttributes["convolutionInputGradient"];
    }
  | {
      readonly operation: "convolutionWeightGradient";
      readonly attributes: PrimitiveAttributes["convolutionWeightGradient"];
    };

/**
 * A product of two float32 operands. The epilogue's shape is the output's shape: [...batch, M, N] for matmul, otherwise as the
 * operation says (NCHW, or OIHW for the weight gradient). Its step of kind "result" (number 0) is the finished sum; the
 * simplest epilogue is [result] and one dense store. Loads of the epilogue have any strides (0 along axes on which, say, a bias
 * does not depend), so have stores. A store may go where a load of the same window came from, never anywhere else
 * that the kernel reads.
 */
export interface ContractKernel {
  readonly kind: "contract";
  readonly contraction: Contraction;
  readonly a: View;
  readonly b: View;
  readonly epilogue: Body;
}

/** Largest of each window, [N, C, H, W] -> [N, C, OH, OW]; null where nobody reads that output. Outputs are dense. */
export interface PoolKernel {
  readonly kind: "pool";
  readonly attributes: PrimitiveAttributes["maxPool"];
  readonly x: View;
  readonly values: View | null;
  readonly indices: View | null;
}

/** The pooling whose indices a scatterAdd takes: each row is a plane [H, W], its updates are those of the windows [OH, OW]. */
export interface PoolGeometry {
  readonly attributes: PrimitiveAttributes["maxPool"];
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

/** gather, take, scatterAdd, scatterAddRows, as operations.ts defines them. Views are dense. */
export interface IndexKernel {
  readonly kind: "index";
  readonly operation: "gather" | "take" | "scatterAdd" | "scatterAddRows";
  /** Bytes of one element of source and output. */
  readonly elementBytes: number;
  /** What is read from (gather, take: x, table) or added (scatters: updates). */
  readonly source: View;
  readonly index: View;
  readonly output: View;
  /** Of a scatterAdd whose indices a max pooling gave: an element can only be hit from the windows that it lies in. */
  readonly pool?: PoolGeometry;
}

/** A composite over the last axis of rows, one pass a row. Views are dense. */
export interface RowsKernel {
  readonly kind: "rows";
  readonly operation: CompositeName;
  readonly inputs: readonly View[];
  readonly output: View;
}

/** One carry of a scan. Turn 0 reads `initial`; the last turn writes `last`; the turns between alternate with `other`. */
export interface ScanCarry {
  /** Number by which storages of kind "carry" refer to it; unique in the program. */
  readonly carry: number;
  readonly initial: StorageId;
  readonly last: StorageId;
  readonly other: StorageId;
}

/** Runs its kernels `length` times; time runs down from length - 1 if reversed. */
export interface ScanKernel {
  readonly kind: "scan";
  readonly loop: number;
  readonly length: number;
  readonly reverse: boolean;
  readonly carries: readonly ScanCarry[];
  readonly kernels: readonly Kernel[];
}

/** One loop nest, or (scan) a loop of them. */
export type Kernel = MapKernel | ReduceKernel | ContractKernel | PoolKernel | IndexKernel | RowsKernel | ScanKernel;

/** Kernels in the order in which they run, and the memory they use. */
export interface KernelProgram {
  readonly storages: readonly Storage[];
  readonly kernels: readonly Kernel[];
  /** For each output of the program, the storage that holds it after the run. */
  readonly outputs: readonly StorageId[];
}

/** Bounds on a program from a stranger, all checked before anything of its size is allocated. */
export interface ProgramLimits {
  /** Length of the encoded program. */
  readonly programBytes: number;
  /** Operations, those of scan bodies included once. */
  readonly nodes: number;
  /** Values: inputs and outputs of operations, those of scan bodies included once. */
  readonly values: number;
  /** Scans inside each other. */
  readonly depth: number;
  /** Elements of one tensor. */
  readonly tensorElements: number;
  /** Elements written in one run, with scan bodies as often as they run; each operation counts at least 1. */
  readonly elements: number;
  /** Bytes of all values alive at once, as {@link ProgramCost.bytes} counts them. */
  readonly bytes: number;
  /** Floating-point operations of one run. */
  readonly flops: number;
}

/**
 * What a worker accepts from a coordinator it does not know. The largest models meant for tabs (a hundred million
 * parameters, some thousand operations, 1e13 FLOPs a microbatch) stay below a tenth of each.
 */
export const PROGRAM_LIMITS: ProgramLimits = {
  programBytes: 16 * 1024 * 1024,
  nodes: 65_536,
  values: 131_072,
  depth: 4,
  // 4 GiB of float32: what a WebAssembly memory can hold at all.
  tensorElements: 2 ** 30,
  elements: 1e12,
  bytes: 16 * 1024 ** 3,
  flops: 1e14,
};

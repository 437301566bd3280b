import type { ReduceKernel } from "../ir.ts";
import { bodyCode } from "./body-code.ts";
import { type Fold, FoldStates, foldOf } from "./folding.ts";
import { type EmitKernel, type KernelContext, literal, WORKGROUP_SIZE } from "./kernel-code.ts";
import { foldLanes } from "./lane-folding.ts";
import { lanesOf, type ReductionGeometry, reductionGeometry } from "./reduction-geometry.ts";

/** Elements of a lane that are added up in one register before the sum is added to a second: errors grow by both counts, not by their product. */
const BLOCK_MIN = 64;
/** Elements of a lane that one turn of its loop takes, so that their loads overlap. */
const UNROLLED = 4;
/** Longest prologue that is written so often. */
const UNROLLED_STEPS_MAX = 24;
/** Most elements of a lane that are written out without a loop. */
const STRAIGHT_MAX = 8;

/** What the code of a reduction is made from. */
interface ReduceCode {
  readonly context: KernelContext;
  readonly geometry: ReductionGeometry;
  readonly folds: readonly Fold[];
  /** Lanes of a result, and results of a workgroup. */
  readonly lanes: number;
  readonly results: number;
  /** Most elements of a lane. */
  readonly each: number;
  readonly keptCoordinates: readonly string[];
}

/**
 * Writes a reduction. Several lanes fold the elements of a result, each every so-manieth; then the lanes are folded in a tree. Neighbouring
 * invocations take neighbours in memory: lanes of one result, or results.
 */
export const emitReduce: EmitKernel<ReduceKernel> = (context, original) => {
  const geometry = reductionGeometry(original);
  const { kernel, kept, outputs, length } = geometry;
  if (outputs === 0) return { workgroups: 0, statements: "" };
  const { steps } = kernel.prologue;
  const folds = kernel.reductions.map((reduction) => foldOf(context, reduction, steps[reduction.step].dtype));
  const lanes = lanesOf(geometry);
  const results = WORKGROUP_SIZE / lanes;
  const decoded = decode(kernel.prologue.shape, kept, "o", "k");
  const keptCoordinates = kernel.prologue.shape.flatMap((_, axis) => (kept.includes(axis) ? [`k${axis}`] : []));
  const code: ReduceCode = {
    context,
    geometry,
    folds,
    lanes,
    results,
    each: Math.ceil(length / lanes),
    keptCoordinates,
  };
  const [lane, result] = geometry.inner
    ? [`lid % ${lanes}u`, `lid / ${lanes}u`]
    : [`lid / ${results}u`, `lid % ${results}u`];
  const inside = `o < ${literal(outputs)}`;
  const statements = [
    `let lane = ${lane};`,
    `let o = wg * ${results}u + ${result};`,
    new FoldStates(folds, "f").declare(),
    decoded,
    `if (${inside}) {\n${emitLane(code)}\n}`,
    lanes === 1 ? "" : emitTree(code),
    `if (lane == 0u && ${inside}) {\n${emitEpilogue(code)}\n}`,
  ];
  return { workgroups: Math.ceil(outputs / results), statements: statements.join("\n") };
};

/** Statements that declare the coordinates of axes, named after prefix and axis, from the number of an element. */
function decode(shape: readonly number[], axes: readonly number[], number: string, prefix: string): string {
  const lines: string[] = [];
  let rest = number;
  for (const [position, axis] of [...axes.entries()].reverse()) {
    const whole = `${prefix}${axis}`;
    if (position === 0) {
      lines.push(`let ${whole} = ${rest};`);
    } else {
      lines.push(`let ${whole} = ${rest} % ${literal(shape[axis])};`);
      lines.push(`let ${prefix}r${axis} = ${rest} / ${literal(shape[axis])};`);
      rest = `${prefix}r${axis}`;
    }
  }
  return lines.join("\n");
}

/** Folds the elements lane, lane + lanes, ... into the lane's registers. */
function emitLane(code: ReduceCode): string {
  const { geometry, folds, lanes, each } = code;
  const { length } = geometry;
  const end = literal(length);
  if (length === 0) return "";
  if (each === 1 || (each <= STRAIGHT_MAX && isShort(code))) return emitStraight(code);
  const block = blockOf(each);
  if (each <= block) return emitRun(code, "lane", end, "f");
  const inner = new FoldStates(folds, "b");
  return [
    `for (var start = lane; start < ${end}; start += ${literal(block * lanes)}) {`,
    inner.declare(),
    `let end = min(start + ${literal(block * lanes)}, ${end});`,
    emitRun(code, "start", "end", "b"),
    new FoldStates(folds, "f").join(inner),
    "}",
  ].join("\n");
}

/** The elements of a lane without a loop. Only the last may be missing. */
function emitStraight(code: ReduceCode): string {
  const { lanes, each, geometry } = code;
  const lines: string[] = [];
  for (let turn = 0; turn < each; turn++) {
    const number = `r${turn}`;
    const sure = (turn + 1) * lanes <= geometry.length;
    lines.push(
      `let ${number} = lane + ${literal(turn * lanes)};`,
      sure ? "{" : `if (${number} < ${literal(geometry.length)}) {`,
      emitElement(code, number, "f", turn),
      "}",
    );
  }
  return lines.join("\n");
}

/** Whether the prologue may be written several times. */
function isShort({ geometry }: ReduceCode): boolean {
  return geometry.kernel.prologue.steps.length <= UNROLLED_STEPS_MAX;
}

/** Elements of a block for a lane with so many: both levels of a long sum are about equally long. */
function blockOf(each: number): number {
  let block = BLOCK_MIN;
  while (block * block < each) block *= 2;
  return block;
}

/** A loop over the elements of a lane from one on and below another. */
function emitRun(code: ReduceCode, start: string, end: string, states: string): string {
  const { lanes, each } = code;
  const lines = [`var r = ${start};`];
  if (each >= 2 * UNROLLED && isShort(code)) {
    lines.push(`for (; r + ${literal(lanes * (UNROLLED - 1))} < ${end}; r += ${literal(lanes * UNROLLED)}) {`);
    for (let turn = 0; turn < UNROLLED; turn++) {
      lines.push(`let r${turn} = r + ${literal(lanes * turn)};`, emitElement(code, `r${turn}`, states, turn));
    }
    lines.push("}");
  }
  lines.push(`for (; r < ${end}; r += ${literal(lanes)}) {`, emitElement(code, "r", states, UNROLLED), "}");
  return lines.join("\n");
}

/** The prologue for one element, folded in. */
function emitElement(code: ReduceCode, number: string, states: string, turn: number): string {
  const { context, folds, geometry } = code;
  const { kernel, reduced, kept } = geometry;
  const { prologue, reductions } = kernel;
  const prefix = `t${turn}_`;
  const coordinates = prologue.shape.map((_, axis) => (kept.includes(axis) ? `k${axis}` : `${prefix}c${axis}`));
  const body = bodyCode(context, prologue, coordinates, { prefix });
  const names = new FoldStates(folds, states);
  const taken = folds.map((fold, index) => fold.take(names.names(index), body.values[reductions[index].step], number));
  return [decode(prologue.shape, reduced, number, `${prefix}c`), body.statements, ...taken].join("\n");
}

function emitTree(code: ReduceCode): string {
  const { context, folds, lanes, results, geometry } = code;
  return foldLanes(new FoldStates(folds, "f"), {
    context,
    folds,
    lanes,
    step: geometry.inner ? 1 : results,
    offset: 0,
    everyone: false,
  });
}

function emitEpilogue(code: ReduceCode): string {
  const { context, folds, geometry, keptCoordinates } = code;
  const names = new FoldStates(folds, "f");
  const result = (number: number): string => folds[number].result(names.names(number));
  return bodyCode(context, geometry.kernel.epilogue, keptCoordinates, { result, prefix: "e" }).statements;
}

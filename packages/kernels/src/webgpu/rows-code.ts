import { elementCount } from "@tributary/program";
import type { RowsKernel, View } from "../ir.ts";
import { type Fold, FoldStates, foldOf } from "./folding.ts";
import { type Access, type EmitKernel, type KernelContext, literal, WORKGROUP_SIZE } from "./kernel-code.ts";
import { foldLanes, foldWords } from "./lane-folding.ts";
import { powerAbove } from "./reduction-geometry.ts";
import { EXPONENTIAL, LOGARITHM } from "./scalar/exponential.ts";
import { call } from "./scalar/routine.ts";
import { softmaxFold } from "./softmax-fold.ts";

/** Lanes of a row at first: as many as load neighbours at once. */
const LANES_MIN = 32;
/** Elements of a lane from which on a row gets more lanes. */
const LANE_ELEMENTS = 8;
/** Most elements of a lane that stay in registers between the passes over a row; longer rows are read once for the sum and once to be written. */
const KEPT_MAX = 16;

/** Elements of a longer row that a lane loads before it uses any, so that the loads overlap. */
const LOADED_AT_ONCE = 4;

/** What the passes over a row are written with. */
interface RowCode {
  readonly context: KernelContext;
  readonly columns: number;
  readonly lanes: number;
  readonly input: Access;
  readonly output: Access;
  /** Elements of each lane that are in registers: all, or none. */
  readonly kept: number;
}

/** Invocations of one row: a power of 2. */
export function rowLanes(columns: number): number {
  let lanes = Math.min(LANES_MIN, powerAbove(columns));
  while (lanes < WORKGROUP_SIZE && lanes * LANE_ELEMENTS < columns) lanes *= 2;
  return lanes;
}

/** Writes softmax and its kin: some lanes a row, which find its largest element and the sum of exponentials, then write. */
export const emitRows: EmitKernel<RowsKernel> = (context, kernel) => {
  const [input, ...sides] = kernel.inputs;
  const columns = input.shape.at(-1) ?? 0;
  const rows = columns === 0 ? 0 : elementCount(input.shape) / columns;
  if (rows === 0) return { workgroups: 0, statements: "" };
  const lanes = rowLanes(columns);
  const together = WORKGROUP_SIZE / lanes;
  const each = Math.ceil(columns / lanes);
  const code: RowCode = {
    context,
    columns,
    lanes,
    input: viewAccess(context, input),
    output: viewAccess(context, kernel.output),
    kept: each <= KEPT_MAX ? each : 0,
  };
  const statements = [
    `let lane = lid % ${lanes}u;`,
    `let row = wg * ${together}u + lid / ${lanes}u;`,
    `let inside = row < ${literal(rows)};`,
    `let start = row * ${literal(columns)};`,
    keepElements(code),
    code.kept > 0 ? sumKept(code, kernel.operation !== "logSoftmax") : sumInOnePass(code),
    `if (inside) {\n${finish(code, kernel, sides)}\n}`,
  ];
  return { workgroups: Math.ceil(rows / together), statements: statements.join("\n") };
};

function viewAccess(context: KernelContext, view: View): Access {
  return context.access(view.storage, view.offset);
}

/** The exponential of an element less the largest of the row. */
function exponential({ context }: RowCode, x: string): string {
  return call(context, EXPONENTIAL, `${x} - largest`);
}

/** Loads a short row's elements into the registers x0, x1, ... */
function keepElements(code: RowCode): string {
  const lines: string[] = [];
  for (let number = 0; number < code.kept; number++) {
    lines.push(
      `var x${number} = 0.0f;`,
      `if (${isInside(code, number)}) {`,
      `let at = start + lane + ${literal(number * code.lanes)};`,
      `x${number} = ${code.input.load("at")};`,
      "}",
    );
  }
  return lines.join("\n");
}

/** Whether a lane has a kept element of this number. */
function isInside({ columns, lanes }: RowCode, number: number): string {
  if ((number + 1) * lanes <= columns) return "inside";
  return `inside && lane + ${literal(number * lanes)} < ${literal(columns)}`;
}

/** Statements for each element of the lane: `x` is its register, `column` its place in the row and `at` in the view. */
function forElements(code: RowCode, body: (x: string) => string): string {
  const { kept, lanes } = code;
  if (kept === 0) return forLongRow(code, body);
  const lines: string[] = [];
  for (let number = 0; number < kept; number++) {
    const place = `let column = lane + ${literal(number * lanes)};\nlet at = start + column;`;
    lines.push(`if (${isInside(code, number)}) {\n${place}\n${body(`x${number}`)}\n}`);
  }
  return lines.join("\n");
}

/** Declares `largest` and `total` of rows in registers. @param overwrites whether exponentials may take the place of the elements */
function sumKept(code: RowCode, overwrites: boolean): string {
  const foldBy = (reducer: "max" | "sum"): Fold =>
    foldOf(code.context, { reducer, dtype: "float32", step: 0 }, "float32");
  const [largest, total] = [foldBy("max"), foldBy("sum")];
  const exponentials = (x: string): { readonly statements: string; readonly value: string } => {
    const value = exponential(code, x);
    return overwrites ? { statements: `${x} = ${value};`, value: x } : { statements: "", value };
  };
  return [
    foldRow(code, { fold: largest, prefix: "m", turn: 0, element: (x) => ({ statements: "", value: x }) }),
    "let largest = m0_0;",
    // From here on exponentials are in the registers, but for what needs the elements themselves again.
    foldRow(code, { fold: total, prefix: "s", turn: 1, element: exponentials }),
    "let total = s0_0;",
  ].join("\n");
}

/** Declares `largest` and `total` of long rows, which are read once for both. */
function sumInOnePass(code: RowCode): string {
  const fold = softmaxFold(code.context);
  const states = new FoldStates([fold], "s").names(0);
  return [
    foldRow(code, { fold, prefix: "s", turn: 0, element: (x) => ({ statements: "", value: x }) }),
    `let largest = ${states[0]};`,
    `let total = ${fold.result(states)};`,
  ].join("\n");
}

/** The same for a row that is too long for registers: in loops, of which a turn loads several elements before it uses any. */
function forLongRow({ lanes, columns, input }: RowCode, body: (x: string) => string): string {
  const loads: string[] = [];
  const uses: string[] = [];
  for (let turn = 0; turn < LOADED_AT_ONCE; turn++) {
    const column = `next + ${literal(turn * lanes)}`;
    loads.push(`let at${turn} = start + ${column};`, `let x${turn} = ${input.load(`at${turn}`)};`);
    uses.push(`{\nlet column = ${column};\nlet at = at${turn};\n${body(`x${turn}`)}\n}`);
  }
  return [
    "if (inside) {",
    "var next = lane;",
    `for (; next + ${literal((LOADED_AT_ONCE - 1) * lanes)} < ${literal(columns)}; next += ${LOADED_AT_ONCE * lanes}u) {`,
    ...loads,
    ...uses,
    "}",
    `for (; next < ${literal(columns)}; next += ${lanes}u) {`,
    "let column = next;",
    "let at = start + column;",
    `let x = ${input.load("at")};`,
    body("x"),
    "}\n}",
  ].join("\n");
}

/** What is folded over a row, into registers named after a prefix that all lanes then have. */
interface RowFold {
  readonly fold: Fold;
  readonly prefix: string;
  /** Neighbouring turns have memory of their own, so that one may begin while others still read what the one before has left. */
  readonly turn: 0 | 1;
  readonly element: (x: string) => { readonly statements: string; readonly value: string };
}

function foldRow(code: RowCode, { fold, prefix, turn, element }: RowFold): string {
  const { context, lanes } = code;
  const folds = [fold];
  const states = new FoldStates(folds, prefix);
  const taken = forElements(code, (x) => {
    const { statements, value } = element(x);
    return `${statements}\n${fold.take(states.names(0), value, "column")}`;
  });
  const folding = { context, folds, lanes, step: 1, everyone: true };
  return [states.declare(), taken, foldLanes(states, { ...folding, offset: turn * foldWords(folding) })].join("\n");
}

/** Statements that write the results of a row inside the tensor. */
function finish(code: RowCode, kernel: RowsKernel, sides: readonly View[]): string {
  const { context, columns, output, input } = code;
  const share = (x: string): string => `${code.kept > 0 ? x : exponential(code, x)} / total`;
  const [targets, dloss] = sides.map((view) => viewAccess(context, view));
  const target = (): string => `let aim = bitcast<u32>(${targets.load("row")});`;
  switch (kernel.operation) {
    case "softmax":
      return forElements(code, (x) => output.store("at", share(x)));
    case "logSoftmax": {
      const logarithm = `let logarithm = ${call(context, LOGARITHM, "total")};`;
      return `${logarithm}\n${forElements(code, (x) => output.store("at", `${x} - largest - logarithm`))}`;
    }
    case "softmaxCrossEntropy":
      // A negative target is a large unsigned one.
      return [
        "if (lane == 0u) {",
        target(),
        "var loss = 0.0f;",
        `if (aim < ${literal(columns)}) {`,
        "let at = start + aim;",
        `loss = ${call(context, LOGARITHM, "total")} - (${input.load("at")} - largest);`,
        "}",
        output.store("row", "loss"),
        "}",
      ].join("\n");
    case "softmaxCrossEntropyGradient": {
      const known = `aim < ${literal(columns)}`;
      const gradient = (x: string): string => `(${share(x)} - select(0.0f, 1.0f, column == aim)) * scale`;
      const stored = (x: string): string => output.store("at", `select(0.0f, ${gradient(x)}, ${known})`);
      return [target(), `let scale = ${dloss.load("row")};`, forElements(code, stored)].join("\n");
    }
    default:
      return kernel.operation satisfies never;
  }
}

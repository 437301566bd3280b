import { elementCount } from "@tributary/program";
import type { RowsKernel, View } from "../ir.ts";
import type { Local } from "./assembler-function.ts";
import type { InstructionName } from "./assembler-instructions.ts";
import type { KernelContext } from "./context.ts";
import { exponential, logarithm } from "./scalar/exponential.ts";
import { collectConstants, VectorCode, VectorConstants, type Vectors } from "./vector-code.ts";

/** What the passes over one row work with. */
interface Row {
  readonly context: KernelContext;
  readonly constants: VectorConstants;
  readonly columns: number;
  readonly input: Local;
  readonly output: Local;
  /** The row's largest element, the sum of exp(x - largest): vectors of equal lanes. */
  readonly largest: Local;
  readonly sum: Local;
  /** Partial results of a pass: one for each of the vectors that go side by side, so that none waits for another. */
  readonly partial: readonly Local[];
}

/** Adjacent vectors in one turn of a pass. */
const VECTORS = 4;

/** Writes softmax and its kin: two or three passes over each row while it is in the first cache. */
export function emitRows(context: KernelContext, kernel: RowsKernel): void {
  const code = context.body;
  const [input] = kernel.inputs;
  const columns = input.shape.at(-1) ?? 0;
  const rows = elementCount(input.shape) / columns;
  const collected = collectConstants((scratch, constants) => {
    const v = new VectorCode(scratch, 1, context.features, constants);
    logarithm(v, exponential(v, v.float(Number.NEGATIVE_INFINITY)));
  });
  const row: Row = {
    context,
    constants: VectorConstants.hoist(code, collected),
    columns,
    input: address(context, input),
    output: address(context, kernel.output),
    largest: code.local("v128"),
    sum: code.local("v128"),
    partial: Array.from({ length: VECTORS }, () => code.local("v128")),
  };
  const sides = kernel.inputs.slice(1).map((view) => address(context, view));
  const counter = code.local("i32");
  code.loopTo(counter, 0, rows, 1, () => {
    writeRow(row, kernel, sides);
    advance(row, row.input, columns * 4);
    advance(row, row.output, kernel.operation === "softmaxCrossEntropy" ? 4 : columns * 4);
    for (const side of sides) advance(row, side, 4);
  });
}

function writeRow(row: Row, kernel: RowsKernel, [targets, dloss]: readonly Local[]): void {
  findLargest(row);
  switch (kernel.operation) {
    case "softmax":
      sumExponentials(row, { intoOutput: true });
      scaleOutput(row, () => row.context.body.f32x4(1).get(row.sum).op("f32x4.div"));
      break;
    case "logSoftmax":
      sumExponentials(row);
      subtractLogarithm(row);
      break;
    case "softmaxCrossEntropy":
      sumExponentials(row);
      writeLoss(row, targets);
      break;
    case "softmaxCrossEntropyGradient":
      writeLossGradient(row, targets, dloss);
      break;
    default:
      kernel.operation satisfies never;
  }
}

function address(context: KernelContext, view: View): Local {
  const local = context.body.local("i32");
  context.pushAddress(view.storage, view.offset * 4);
  context.body.set(local);
  return local;
}

function advance(row: Row, pointer: Local, bytes: number): void {
  row.context.body.get(pointer).i32(bytes).op("i32.add").set(pointer);
}

/**
 * Goes through the row by vectors. The lanes behind the last column read as -infinity, which counts nothing in a maximum and
 * nothing in a sum of exponentials.
 */
function forColumns(
  row: Row,
  pass: (v: VectorCode, load: (at: Local) => Vectors, store: (value: Vectors) => void) => void,
): void {
  const code = row.context.body;
  const offset = code.local("i32");
  const { columns } = row;
  const write = (count: number, lanes: number): void => {
    const v = new VectorCode(code, count, row.context.features, row.constants);
    v.scope(() => {
      const load = (at: Local): Vectors => v.make((vector) => loadColumns(row, at, offset, vector * 16, lanes));
      pass(v, load, (value) => {
        for (const [vector, local] of value.entries()) storeColumns(row, offset, vector * 16, lanes, local);
      });
      return [];
    });
    code
      .get(offset)
      .i32(count * lanes * 4)
      .op("i32.add")
      .set(offset);
  };
  code.i32(0).set(offset);
  const repeat = (turns: number, body: () => void): void => {
    const counter = code.local("i32");
    code.loopTo(counter, 0, turns, 1, body);
    code.release(counter);
  };
  let rest = columns;
  for (let vectors = VECTORS; vectors >= 1; vectors /= 2) {
    repeat(Math.floor(rest / (vectors * 4)), () => write(vectors, 4));
    rest %= vectors * 4;
  }
  if (columns % 4 > 0) write(1, columns % 4);
  code.release(offset);
}

function loadColumns(row: Row, at: Local, offset: Local, bytes: number, lanes: number): void {
  const code = row.context.body;
  if (lanes === 4) {
    code.get(at).get(offset).op("i32.add").memory("v128.load", bytes);
    return;
  }
  const vector = code.local("v128");
  code.f32x4(Number.NEGATIVE_INFINITY).set(vector);
  for (let lane = 0; lane < lanes; lane++) {
    code
      .get(at)
      .get(offset)
      .op("i32.add")
      .get(vector)
      .memoryLane("v128.load32_lane", lane, bytes + lane * 4)
      .set(vector);
  }
  code.get(vector);
  code.release(vector);
}

function storeColumns(row: Row, offset: Local, bytes: number, lanes: number, value: Local): void {
  const code = row.context.body;
  const push = () => code.get(row.output).get(offset).op("i32.add").get(value);
  if (lanes === 4) push().memory("v128.store", bytes);
  else for (let lane = 0; lane < lanes; lane++) push().memoryLane("v128.store32_lane", lane, bytes + lane * 4);
}

/** Combines the partial results of a pass and puts the result into all lanes of `into`. */
function gather(row: Row, combine: InstructionName, into: Local): void {
  const code = row.context.body;
  const [a, b, c, d] = row.partial;
  code.get(a).get(b).op(combine).get(c).get(d).op(combine).op(combine).set(into);
  code.get(into).get(into).get(into).shuffle32(2, 3, 0, 1).op(combine).set(into);
  code.get(into).get(into).get(into).shuffle32(1, 0, 3, 2).op(combine).set(into);
}

/** A NaN is passed over: it makes the sum of exponentials NaN, and with it the whole row. */
function findLargest(row: Row): void {
  const code = row.context.body;
  for (const partial of row.partial) code.f32x4(Number.NEGATIVE_INFINITY).set(partial);
  forColumns(row, (_, load) => {
    for (const [vector, value] of load(row.input).entries()) {
      code.get(row.partial[vector]).get(value).op("f32x4.pmax").set(row.partial[vector]);
    }
  });
  gather(row, "f32x4.pmax", row.largest);
}

/** exp(x - largest) of the row's elements, summed; also written to the output if asked for. */
function sumExponentials(row: Row, { intoOutput = false }: { readonly intoOutput?: boolean } = {}): void {
  const code = row.context.body;
  for (const partial of row.partial) code.f32x4(0).set(partial);
  forColumns(row, (v, load, store) => {
    const largest = new Array<Local>(v.count).fill(row.largest);
    const value = exponential(v, v.sub(load(row.input), largest));
    if (intoOutput) store(value);
    for (const [vector, local] of value.entries()) {
      code.get(row.partial[vector]).get(local).op("f32x4.add").set(row.partial[vector]);
    }
  });
  gather(row, "f32x4.add", row.sum);
}

/** Multiplies the output by the vector that `push` leaves. */
function scaleOutput(row: Row, push: () => void): void {
  const factor = row.context.body.local("v128");
  push();
  row.context.body.set(factor);
  forColumns(row, (v, load, store) => store(v.mul(load(row.output), new Array<Local>(v.count).fill(factor))));
  row.context.body.release(factor);
}

/** Sets `sum` to its logarithm. */
function takeLogarithm(row: Row): void {
  const code = row.context.body;
  const v = new VectorCode(code, 1, row.context.features, row.constants);
  v.scope(() => {
    const [value] = logarithm(v, [row.sum]);
    code.get(value).set(row.sum);
    return [];
  });
}

function subtractLogarithm(row: Row): void {
  takeLogarithm(row);
  forColumns(row, (v, load, store) => {
    const all = (local: Local): Vectors => new Array<Local>(v.count).fill(local);
    store(v.sub(v.sub(load(row.input), all(row.largest)), all(row.sum)));
  });
}

/** Pushes whether the row's target is one of the columns, having put it into `target`. */
function pushInRange(row: Row, targets: Local, target: Local): void {
  row.context.body.get(targets).memory("i32.load").tee(target).i32(row.columns).op("i32.lt_u");
}

/** log(sum) - (x[target] - largest). */
function writeLoss(row: Row, targets: Local): void {
  const code = row.context.body;
  const target = code.local("i32");
  takeLogarithm(row);
  code.get(row.output);
  pushInRange(row, targets, target);
  code.if(
    () => {
      code.get(row.sum).lane("f32x4.extract_lane", 0);
      pushColumn(row, row.input, target);
      code.memory("f32.load").get(row.largest).lane("f32x4.extract_lane", 0).op("f32.sub").op("f32.sub");
    },
    () => code.f32(0),
    "f32",
  );
  code.memory("f32.store");
  code.release(target);
}

/** softmax times dloss, less dloss at the target. */
function writeLossGradient(row: Row, targets: Local, dloss: Local): void {
  const code = row.context.body;
  const target = code.local("i32");
  pushInRange(row, targets, target);
  code.if(
    () => {
      sumExponentials(row, { intoOutput: true });
      scaleOutput(row, () => code.get(dloss).memory("v128.load32_splat").get(row.sum).op("f32x4.div"));
      pushColumn(row, row.output, target);
      pushColumn(row, row.output, target);
      code.memory("f32.load").get(dloss).memory("f32.load").op("f32.sub").memory("f32.store");
    },
    () =>
      code
        .get(row.output)
        .i32(0)
        .i32(row.columns * 4)
        .memoryFill(),
  );
  code.release(target);
}

function pushColumn(row: Row, pointer: Local, column: Local): void {
  row.context.body.get(pointer).get(column).i32(2).op("i32.shl").op("i32.add");
}

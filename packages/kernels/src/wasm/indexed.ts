import { BYTES_PER_ELEMENT, elementCount } from "@tributary/program";
import type { IndexKernel, View } from "../ir.ts";
import type { FunctionBuilder, Local } from "./assembler-function.ts";
import type { KernelContext } from "./context.ts";

/** Locals that the loops of all four kernels use. */
interface Registers {
  readonly source: Local;
  readonly index: Local;
  readonly output: Local;
  /** Address of what the current index points at. */
  readonly place: Local;
  readonly chosen: Local;
}

/** Writes a gather, take or scatter. Updates are added in the order of their indices. */
export function emitIndexed(context: KernelContext, kernel: IndexKernel): void {
  const code = context.body;
  const address = (view: View): Local => {
    const local = code.local("i32");
    context.pushAddress(view.storage, view.offset * kernel.elementBytes);
    code.set(local);
    return local;
  };
  const registers: Registers = {
    source: address(kernel.source),
    index: code.local("i32"),
    output: address(kernel.output),
    place: code.local("i32"),
    chosen: code.local("i32"),
  };
  context.pushAddress(kernel.index.storage, kernel.index.offset * BYTES_PER_ELEMENT.int32);
  code.set(registers.index);
  switch (kernel.operation) {
    case "gather":
      emitGather(code, kernel, registers);
      break;
    case "take":
      emitTake(code, kernel, registers);
      break;
    case "scatterAdd":
      emitScatterAdd(code, kernel, registers);
      break;
    case "scatterAddRows":
      emitScatterAddRows(code, kernel, registers);
      break;
    default:
      kernel.operation satisfies never;
  }
}

function emitGather(code: FunctionBuilder, kernel: IndexKernel, r: Registers): void {
  const bytes = kernel.elementBytes;
  const length = kernel.source.shape.at(-1) ?? 0;
  const count = kernel.index.shape.at(-1) ?? 0;
  const [load, store] =
    bytes === 4
      ? (["i32.load", "i32.store"] as const)
      : bytes === 2
        ? (["i32.load16_u", "i32.store16"] as const)
        : (["i32.load8_u", "i32.store8"] as const);
  repeat(code, elementCount(kernel.index.shape) / count, () => {
    repeat(code, count, () => {
      chooseRow(
        code,
        r,
        { base: r.source, rows: length, rowBytes: bytes },
        () => {
          code.get(r.output).get(r.place).memory(load).memory(store);
        },
        () => code.get(r.output).i32(0).memory(store),
      );
      advance(code, r.index, 4);
      advance(code, r.output, bytes);
    });
    advance(code, r.source, length * bytes);
  });
}

function emitTake(code: FunctionBuilder, kernel: IndexKernel, r: Registers): void {
  const rows = kernel.source.shape[0];
  const rowBytes = (elementCount(kernel.output.shape) / elementCount(kernel.index.shape)) * kernel.elementBytes;
  repeat(code, elementCount(kernel.index.shape), () => {
    chooseRow(
      code,
      r,
      { base: r.source, rows, rowBytes },
      () => code.get(r.output).get(r.place).i32(rowBytes).memoryCopy(),
      () => code.get(r.output).i32(0).i32(rowBytes).memoryFill(),
    );
    advance(code, r.index, 4);
    advance(code, r.output, rowBytes);
  });
}

function emitScatterAdd(code: FunctionBuilder, kernel: IndexKernel, r: Registers): void {
  const length = kernel.output.shape.at(-1) ?? 0;
  const count = kernel.index.shape.at(-1) ?? 0;
  code
    .get(r.output)
    .i32(0)
    .i32(elementCount(kernel.output.shape) * 4)
    .memoryFill();
  if (count === 0) return;
  repeat(code, elementCount(kernel.index.shape) / count, () => {
    repeat(code, count, () => {
      chooseRow(code, r, { base: r.output, rows: length, rowBytes: 4 }, () => {
        code.get(r.place).get(r.place).memory("f32.load").get(r.source).memory("f32.load").op("f32.add");
        code.memory("f32.store");
      });
      advance(code, r.index, 4);
      advance(code, r.source, 4);
    });
    advance(code, r.output, length * 4);
  });
}

function emitScatterAddRows(code: FunctionBuilder, kernel: IndexKernel, r: Registers): void {
  const count = elementCount(kernel.index.shape);
  const rows = kernel.output.shape[0];
  const rowLength = elementCount(kernel.output.shape) / rows;
  code
    .get(r.output)
    .i32(0)
    .i32(elementCount(kernel.output.shape) * 4)
    .memoryFill();
  const from = code.local("i32");
  repeat(code, count, () => {
    chooseRow(code, r, { base: r.output, rows, rowBytes: rowLength * 4 }, () => {
      code.get(r.source).set(from);
      addFloats(code, r.place, from, rowLength);
    });
    advance(code, r.index, 4);
    advance(code, r.source, rowLength * 4);
  });
}

/** target[i] += source[i]; moves both addresses. */
function addFloats(code: FunctionBuilder, target: Local, source: Local, count: number): void {
  const vector = (offset: number): void => {
    code.get(target).get(target).memory("v128.load", offset).get(source).memory("v128.load", offset);
    code.op("f32x4.add").memory("v128.store", offset);
  };
  const pairs = Math.floor(count / 8);
  repeat(code, pairs, () => {
    vector(0);
    vector(16);
    advance(code, target, 32);
    advance(code, source, 32);
  });
  repeat(code, count - pairs * 8, () => {
    code.get(target).get(target).memory("f32.load").get(source).memory("f32.load").op("f32.add").memory("f32.store");
    advance(code, target, 4);
    advance(code, source, 4);
  });
}

/** Runs `inside` with `place` at the row that the current index names, or `outside` when there is no such row. */
function chooseRow(
  code: FunctionBuilder,
  r: Registers,
  table: { readonly base: Local; readonly rows: number; readonly rowBytes: number },
  inside: () => void,
  outside?: () => void,
): void {
  // A negative index is a large unsigned one.
  code.get(r.index).memory("i32.load").tee(r.chosen).i32(table.rows).op("i32.lt_u");
  code.if(() => {
    code.get(table.base).get(r.chosen).i32(table.rowBytes).op("i32.mul").op("i32.add").set(r.place);
    inside();
  }, outside);
}

function repeat(code: FunctionBuilder, count: number, body: () => void): void {
  const counter = code.local("i32");
  code.loopTo(counter, 0, count, 1, body);
  code.release(counter);
}

function advance(code: FunctionBuilder, address: Local, bytes: number): void {
  code.get(address).i32(bytes).op("i32.add").set(address);
}

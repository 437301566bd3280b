import type { FunctionBuilder, Local } from "../assembler-function.ts";
import { advance, blocks, walk } from "../pointer-loop.ts";

/** Floats copied one after the other before a loop is worth its turns. */
const STRAIGHT_LINE = 64;

/** `count` floats, each `from` (or `to`) bytes after the one before. */
export interface FloatRun {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Copies a run of floats from address `source` to address `target`, in whole vectors where both sides are adjacent.
 * Nothing beyond the run is written.
 */
export function copyFloats(code: FunctionBuilder, source: Local, target: Local, run: FloatRun): void {
  blocks(code, { total: run.count, size: STRAIGHT_LINE }, [source, target], [run.from, run.to], (count) => {
    if (run.from === 4 && run.to === 4) copyAdjacent(code, source, target, count);
    else if (run.from === 8 && run.to === 4) copyEverySecond(code, source, target, count);
    else copySingly(code, source, target, { ...run, count });
  });
}

function copyAdjacent(code: FunctionBuilder, source: Local, target: Local, count: number): void {
  const vector = (element: number): void => {
    code
      .get(target)
      .get(source)
      .memory("v128.load", element * 4)
      .memory("v128.store", element * 4);
  };
  for (let element = 0; element + 4 <= count; element += 4) vector(element);
  if (count % 4 === 0) return;
  // The last vector overlaps the one before, so that it ends with the run.
  if (count > 4) vector(count - 4);
  else copySingly(code, source, target, { count, from: 4, to: 4 });
}

/** Strides of 2: the even lanes of two vectors. Reads one float beyond the last one copied, at most. */
function copyEverySecond(code: FunctionBuilder, source: Local, target: Local, count: number): void {
  const whole = count - (count % 4);
  for (let element = 0; element < whole; element += 4) {
    code.get(target);
    for (const offset of [0, 16]) code.get(source).memory("v128.load", element * 8 + offset);
    code.shuffle32(0, 2, 4, 6).memory("v128.store", element * 4);
  }
  for (let element = whole; element < count; element++) {
    code
      .get(target)
      .get(source)
      .memory("f32.load", element * 8)
      .memory("f32.store", element * 4);
  }
}

function copySingly(code: FunctionBuilder, source: Local, target: Local, run: FloatRun): void {
  if (run.count <= 8 && run.from >= 0 && run.to >= 0) {
    for (let element = 0; element < run.count; element++) {
      code
        .get(target)
        .get(source)
        .memory("f32.load", element * run.from)
        .memory("f32.store", element * run.to);
    }
    return;
  }
  walk(code, [{ length: run.count, strides: [run.from, run.to] }], [source, target], () => {
    code.get(target).get(source).memory("f32.load").memory("f32.store");
  });
}

/** Adds `count` adjacent floats at `source` to those at `target`, `to` bytes apart. With 8 bytes, 0 is added to those between. */
export function addFloats(code: FunctionBuilder, source: Local, target: Local, count: number, to: number): void {
  blocks(code, { total: count, size: STRAIGHT_LINE }, [source, target], [4, to], (length) => {
    const whole = to === 4 || to === 8 ? length - (length % 4) : 0;
    for (let element = 0; element < whole; element += 4) {
      if (to === 4) addVector(code, target, element * 4, () => code.get(source).memory("v128.load", element * 4));
      else addSpread(code, source, target, element);
    }
    for (let element = whole; element < length; element++) {
      code
        .get(target)
        .get(target)
        .memory("f32.load", element * to);
      code
        .get(source)
        .memory("f32.load", element * 4)
        .op("f32.add")
        .memory("f32.store", element * to);
    }
  });
}

function addVector(code: FunctionBuilder, target: Local, offset: number, pushTerm: () => void): void {
  code.get(target).get(target).memory("v128.load", offset);
  pushTerm();
  code.op("f32x4.add").memory("v128.store", offset);
}

/** Four floats, with zeros between them, to eight. */
function addSpread(code: FunctionBuilder, source: Local, target: Local, element: number): void {
  const vector = code.local("v128");
  code
    .get(source)
    .memory("v128.load", element * 4)
    .set(vector);
  addVector(code, target, element * 8, () => code.get(vector).f32x4(0).shuffle32(0, 4, 1, 5));
  addVector(code, target, element * 8 + 16, () => code.get(vector).f32x4(0).shuffle32(2, 4, 3, 5));
  code.release(vector);
}

/** How an operand becomes panels: `size` neighbours (rows of A, columns of B) side by side, one group for each k. */
export interface Panels {
  /** Neighbours in all, and in a panel; the last panel may have fewer, but is as wide. */
  readonly total: number;
  readonly size: number;
  /** Bytes from a neighbour to the next. */
  readonly along: number;
  /** How many k there are, and the bytes from one to the next. */
  readonly count: number;
  readonly step: number;
}

/**
 * Steps of k that are packed for all panels before the next ones: few enough that what they touch stays in the first cache, so
 * that a line that two panels share is fetched once.
 */
const PACKED_STEPS = 8;

/** Writes panels [panel][k][size] to address `target`. A neighbour's panels move by count * 4 bytes a neighbour. */
export function packPanels(code: FunctionBuilder, source: Local, target: Local, panels: Panels): void {
  const { total, size, along, count, step } = panels;
  const turned = step === 4 && along !== 4 && along >= 0 && size % 4 === 0;
  const whole = turned ? count - (count % 4) : 0;
  const perPanel = (body: (width: number) => void): void =>
    blocks(code, { total, size }, [source, target], [along, count * 4], body);
  if (whole > 0) perPanel((width) => turnPanel(code, source, target, { width, size, along, count: whole }));
  if (whole === count) return;
  const perStep = [step, size * 4];
  advance(code, source, whole * step);
  advance(code, target, whole * size * 4);
  blocks(code, { total: count - whole, size: PACKED_STEPS }, [source, target], perStep, (steps) => {
    perPanel((width) => {
      walk(code, [{ length: steps, strides: perStep }], [source, target], () => {
        copyFloats(code, source, target, { count: width, from: along, to: 4 });
      });
    });
  });
  advance(code, source, -whole * step);
  advance(code, target, -whole * size * 4);
}

/** One panel of neighbours that are each adjacent along k: four by four elements are turned around in registers. */
function turnPanel(
  code: FunctionBuilder,
  source: Local,
  target: Local,
  panel: { readonly width: number; readonly size: number; readonly along: number; readonly count: number },
): void {
  const { width, size, along, count } = panel;
  const rows = Array.from({ length: 4 }, () => code.local("v128"));
  const halves = Array.from({ length: 4 }, () => code.local("v128"));
  walk(code, [{ length: count / 4, strides: [16, size * 16] }], [source, target], () => {
    for (let first = 0; first < width; first += 4) {
      // Beyond the last neighbour the panel may hold anything: it is repeated.
      rows.forEach((row, index) => {
        code
          .get(source)
          .memory("v128.load", Math.min(first + index, width - 1) * along)
          .set(row);
      });
      const [a, b, c, d] = rows;
      code.get(a).get(b).shuffle32(0, 4, 1, 5).set(halves[0]);
      code.get(a).get(b).shuffle32(2, 6, 3, 7).set(halves[1]);
      code.get(c).get(d).shuffle32(0, 4, 1, 5).set(halves[2]);
      code.get(c).get(d).shuffle32(2, 6, 3, 7).set(halves[3]);
      for (let k = 0; k < 4; k++) {
        const pair = k < 2 ? 0 : 1;
        code
          .get(target)
          .get(halves[pair])
          .get(halves[pair + 2]);
        if (k % 2 === 0) code.shuffle32(0, 1, 4, 5);
        else code.shuffle32(2, 3, 6, 7);
        code.memory("v128.store", k * size * 4 + first * 4);
      }
    }
  });
  code.release(...rows, ...halves);
}

/**
 * Turns a matrix around: element [row, column] at `source`, rows `from` bytes apart, goes to [column, row] at `target`, rows `to` bytes
 * apart. Both pointers stay.
 */
export function turnMatrix(
  code: FunctionBuilder,
  source: Local,
  target: Local,
  shape: { readonly rows: number; readonly columns: number; readonly from: number; readonly to: number },
): void {
  const { rows, columns, from, to } = shape;
  const whole = columns - (columns % 4);
  // A panel of four rows at a time: single rows that are left over, and columns, are copied one by one.
  const quads = rows - (rows % 4);
  const single = (count: number, length: number): void => {
    walk(code, [{ length: count, strides: [from, 4] }], [source, target], () => {
      copyFloats(code, source, target, { count: length, from: 4, to });
    });
  };
  blocks(code, { total: quads, size: 16 }, [source, target], [from, 4], (width) => {
    if (whole > 0) turnPanel(code, source, target, { width, size: to / 4, along: from, count: whole });
    advance(code, source, whole * 4);
    advance(code, target, whole * to);
    if (columns > whole) single(width, columns - whole);
    advance(code, source, -whole * 4);
    advance(code, target, -whole * to);
  });
  advance(code, source, quads * from);
  advance(code, target, quads * 4);
  single(rows - quads, columns);
  advance(code, source, -quads * from);
  advance(code, target, -quads * 4);
}

/** Floats that {@link packPanels} writes at most, with room for the unused part of the last panel. */
export function panelFloats(total: number, size: number, count: number): number {
  return Math.ceil(total / size) * size * count;
}

/**
 * Copies a tensor given by byte strides into dense row-major floats at address `target`. Both pointers are left where they were.
 */
export function copyDense(
  code: FunctionBuilder,
  source: Local,
  target: Local,
  axes: readonly { readonly length: number; readonly stride: number }[],
): void {
  const inner = axes[axes.length - 1];
  const outer = axes.slice(0, -1);
  const to = code.local("i32");
  code.get(target).set(to);
  walk(
    code,
    outer.map((axis) => ({ length: axis.length, strides: [axis.stride] })),
    [source],
    () => {
      copyFloats(code, source, to, { count: inner.length, from: inner.stride, to: 4 });
      advance(code, to, inner.length * 4);
    },
  );
  code.release(to);
}

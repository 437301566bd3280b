import type { FunctionBuilder, Local } from "./assembler-function.ts";

/** One loop of a nest: how often it turns, and by how many bytes (or other units) each pointer moves with a turn. */
export interface LoopAxis {
  readonly length: number;
  /** One for each pointer of the nest. */
  readonly strides: readonly number[];
}

/** Adds a constant to an i32 local. */
export function advance(code: FunctionBuilder, pointer: Local, amount: number): void {
  if (amount !== 0) code.get(pointer).i32(amount).op("i32.add").set(pointer);
}

/**
 * Nested loops, outermost first, that move pointers along: `body` runs once for every combination, and afterwards every
 * pointer is back where it was. An axis of length 0 leaves nothing to do.
 */
export function walk(
  code: FunctionBuilder,
  axes: readonly LoopAxis[],
  pointers: readonly Local[],
  body: () => void,
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    body();
  } else if (axis.length === 1) {
    walk(code, inner, pointers, body);
  } else if (axis.length > 1) {
    const counter = code.local("i32");
    code.loopTo(counter, 0, axis.length, 1, () => {
      walk(code, inner, pointers, body);
      pointers.forEach((pointer, index) => {
        advance(code, pointer, axis.strides[index]);
      });
    });
    code.release(counter);
    pointers.forEach((pointer, index) => {
      advance(code, pointer, -axis.length * axis.strides[index]);
    });
  }
}

/**
 * Cuts one axis into blocks of `size` elements and a smaller last one. `body` is written once for the whole blocks and once more
 * for the last, with its length known; pointers, which move by `strides` an element, are back afterwards. With `total` 0 the
 * body is written once, for length 0.
 */
export function blocks(
  code: FunctionBuilder,
  cut: { readonly total: number; readonly size: number },
  pointers: readonly Local[],
  strides: readonly number[],
  body: (length: number) => void,
): void {
  const { total, size } = cut;
  const whole = Math.floor(total / size);
  const rest = total - whole * size;
  if (total === 0) {
    body(0);
    return;
  }
  const move = (elements: number): void => {
    pointers.forEach((pointer, index) => {
      advance(code, pointer, elements * strides[index]);
    });
  };
  if (whole === 1 && rest === 0) {
    body(size);
    return;
  }
  if (whole > 0) {
    const counter = code.local("i32");
    code.loopTo(counter, 0, whole, 1, () => {
      body(size);
      move(size);
    });
    code.release(counter);
  }
  if (rest > 0) body(rest);
  move(-whole * size);
}

import { elementCount } from "@tributary/program";
import type { PoolKernel } from "../ir.ts";
import { comparisonKey } from "./folding.ts";
import { type EmitKernel, indexOf, type KernelContext, literal, WORKGROUP_SIZE } from "./kernel-code.ts";
import { decodeIndex } from "./map-code.ts";

/** Most taps of a window that are written out; larger windows are loops. */
const TAPS_UNROLLED_MAX = 25;

/** Writes a pooling: an invocation an output looks through its window. */
export const emitPool: EmitKernel<PoolKernel> = (context, kernel) => {
  const shape = (kernel.values ?? kernel.indices)?.shape ?? [0];
  const count = elementCount(shape);
  const { statements, coordinates } = decodeIndex(shape, "i");
  const [, , row, column] = coordinates;
  const { strides, padding } = kernel.attributes;
  const body = [
    statements,
    `let top = ${row} * ${strides[0]}u - ${padding[0][0]}u;`,
    `let left = ${column} * ${strides[1]}u - ${padding[1][0]}u;`,
    `let plane = ${indexOf(coordinates.slice(0, 2), kernel.x.strides.slice(0, 2))};`,
    "var best = 0.0f;",
    "var best_key = i32(-2147483648);",
    "var best_place = 0u;",
    emitWindow(context, kernel),
    kernel.values === null ? "" : context.access(kernel.values.storage, kernel.values.offset).store("i", "best"),
    kernel.indices === null
      ? ""
      : context.access(kernel.indices.storage, kernel.indices.offset).store("i", "bitcast<i32>(best_place)"),
  ];
  return {
    workgroups: Math.ceil(count / WORKGROUP_SIZE),
    statements: `let i = wg * ${WORKGROUP_SIZE}u + lid;\nif (i < ${literal(count)}) {\n${body.join("\n")}\n}`,
  };
};

function emitWindow(context: KernelContext, kernel: PoolKernel): string {
  const { window, dilation } = kernel.attributes;
  if (window[0] * window[1] > TAPS_UNROLLED_MAX) {
    return [
      `for (var down = 0u; down < ${window[0]}u; down++) {`,
      `for (var right = 0u; right < ${window[1]}u; right++) {`,
      emitTap(context, kernel, `down * ${dilation[0]}u`, `right * ${dilation[1]}u`),
      "}\n}",
    ].join("\n");
  }
  const taps: string[] = [];
  for (let down = 0; down < window[0]; down++) {
    for (let right = 0; right < window[1]; right++) {
      taps.push(emitTap(context, kernel, literal(down * dilation[0]), literal(right * dilation[1])));
    }
  }
  return taps.join("\n");
}

/** Looks at one tap. Every element's key is above that at the start, so that the first one there is counts; later ones only if larger. */
function emitTap(context: KernelContext, { x, attributes }: PoolKernel, down: string, right: string): string {
  const [, , height, width] = x.shape;
  const padded = attributes.padding.some(([before, after]) => before > 0 || after > 0);
  const lines = [
    `let y = top + ${down};`,
    `let x = left + ${right};`,
    // Above and left of the image coordinates are large.
    padded ? `if (y < ${literal(height)} && x < ${literal(width)}) {` : "{",
    `let at = plane + ${indexOf(["y", "x"], x.strides.slice(2))};`,
    `let value = ${context.access(x.storage, x.offset).load("at")};`,
    `let key = ${comparisonKey(context, "float32", "value")};`,
    `if (key > best_key) { best = value; best_key = key; best_place = y * ${literal(width)} + x; }`,
    "}",
  ];
  return `{\n${lines.join("\n")}\n}`;
}

import { elementCount } from "@tributary/program";
import type { PoolGeometry } from "../ir.ts";
import { forEach, type IndexCode, loadIndex } from "./index-access.ts";
import { type KernelCode, literal, WORKGROUP_SIZE } from "./kernel-code.ts";

/** Most updates of a row that every place looks through by itself. */
const SCANNED_MAX = 64;
/** Most sums that a workgroup holds in its memory, and where that is to be spared. */
const PLACES_MAX = 2048;
const PLACES_SPARING = 1024;
/** Indices that a workgroup brings to its memory at once. */
const CHUNK = 1024;

/** Writes a scatterAdd. */
export function emitScatterAdd(code: IndexCode): KernelCode {
  const { kernel } = code;
  const count = kernel.index.shape.at(-1) ?? 0;
  if (kernel.pool !== undefined) return emitUnpool(code, kernel.pool);
  return count <= SCANNED_MAX ? emitScan(code, count) : emitScatterRow(code, count);
}

/** Each place looks through all updates of its row. */
function emitScan({ kernel, source, index, output }: IndexCode, count: number): KernelCode {
  const length = kernel.output.shape.at(-1) ?? 0;
  return forEach(elementCount(kernel.output.shape), [
    `let place = i % ${literal(length)};`,
    `let first = i / ${literal(length)} * ${literal(count)};`,
    "var sum = 0.0f;",
    `for (var at = first; at < first + ${literal(count)}; at++) {`,
    `if (${loadIndex(index, "at")} == place) { sum += ${source.load("at")}; }`,
    "}",
    output.store("i", "sum"),
  ]);
}

/** The indices come from a pooling: each place looks only at the windows that it lies in. */
function emitUnpool({ kernel, source, index, output }: IndexCode, pool: PoolGeometry): KernelCode {
  const [height, width] = pool.input;
  const [rows, columns] = pool.output;
  const { window, strides, padding, dilation } = pool.attributes;
  /** Windows from the first that reaches a coordinate to the last, by number. */
  const range = (axis: 0 | 1, coordinate: string, count: number): string => {
    const reach = (window[axis] - 1) * dilation[axis];
    const low = `max(${coordinate} + ${padding[axis][0]}u, ${reach}u) - ${reach}u + ${strides[axis] - 1}u`;
    const last = `min((${coordinate} + ${padding[axis][0]}u) / ${strides[axis]}u, ${count - 1}u)`;
    return `let first_${coordinate} = (${low}) / ${strides[axis]}u;\nlet last_${coordinate} = ${last};`;
  };
  return forEach(elementCount(kernel.output.shape), [
    `let place = i % ${literal(height * width)};`,
    `let plane = i / ${literal(height * width)} * ${literal(rows * columns)};`,
    `let y = place / ${literal(width)};`,
    `let x = place % ${literal(width)};`,
    range(0, "y", rows),
    range(1, "x", columns),
    "var sum = 0.0f;",
    "for (var row = first_y; row <= last_y; row++) {",
    "for (var column = first_x; column <= last_x; column++) {",
    `let at = plane + row * ${literal(columns)} + column;`,
    `if (${loadIndex(index, "at")} == place) { sum += ${source.load("at")}; }`,
    "}\n}",
    output.store("i", "sum"),
  ]);
}

/**
 * Statements in which a workgroup goes through indices first ... first + count - 1, chunk by chunk, through its memory, and every invocation
 * sees each of them in order, as `chosen`, with its place as `at`.
 */
function forIndices({ context, index }: IndexCode, count: number, first: string, body: string): string {
  const memory = context.workgroupArray("u32", CHUNK);
  const chunk = Math.min(CHUNK, count);
  // Where it is a literal the compiler sees that indices stay within the memory.
  const size = count % chunk === 0 ? `${chunk}u` : `min(${chunk}u, ${literal(count)} - begin)`;
  return [
    `for (var begin = 0u; begin < ${literal(count)}; begin += ${chunk}u) {`,
    `let size = ${size};`,
    `for (var k = lid; k < size; k += ${WORKGROUP_SIZE}u) {`,
    `let at = ${first} + begin + k;`,
    `${memory}[k] = ${loadIndex(index, "at")};`,
    "}",
    "workgroupBarrier();",
    "for (var k = 0u; k < size; k++) {",
    `let chosen = ${memory}[k];`,
    body,
    "}",
    "workgroupBarrier();",
    "}",
  ].join("\n");
}

/** A workgroup a row, or a part of its places: each invocation owns neighbouring places and looks through the row's indices. */
function emitScatterRow(code: IndexCode, count: number): KernelCode {
  const { context, kernel, source, output } = code;
  const length = kernel.output.shape.at(-1) ?? 0;
  const rows = elementCount(kernel.output.shape) / length;
  const segments = Math.ceil(length / (context.sparing ? PLACES_SPARING : PLACES_MAX));
  const own = Math.ceil(length / segments / WORKGROUP_SIZE);
  const places = own * WORKGROUP_SIZE;
  const sums = context.workgroupArray("f32", places);
  const statements = [
    `let row = wg / ${segments}u;`,
    `let segment = wg % ${segments}u * ${literal(places)};`,
    `let first = row * ${literal(count)};`,
    `for (var turn = 0u; turn < ${own}u; turn++) { ${sums}[lid + turn * ${WORKGROUP_SIZE}u] = 0.0f; }`,
    // The barrier behind the first chunk of indices stands between these zeros and the sums.
    forIndices(
      code,
      count,
      "first",
      [
        `let mine = chosen - segment - lid * ${own}u;`,
        `if (mine < ${own}u) {`,
        "let at = first + begin + k;",
        `${sums}[chosen - segment] += ${source.load("at")};`,
        "}",
      ].join("\n"),
    ),
    `for (var turn = 0u; turn < ${own}u; turn++) {`,
    `let k = lid + turn * ${WORKGROUP_SIZE}u;`,
    `if (segment + k < ${literal(length)}) {`,
    `let at = row * ${literal(length)} + segment + k;`,
    output.store("at", `${sums}[k]`),
    "}\n}",
  ];
  return { workgroups: rows * segments, statements: statements.join("\n") };
}

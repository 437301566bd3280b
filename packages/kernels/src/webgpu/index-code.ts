import { elementCount } from "@tributary/program";
import type { IndexKernel, PoolGeometry } from "../ir.ts";
import {
  type Access,
  type EmitKernel,
  type KernelCode,
  type KernelContext,
  literal,
  REGISTER_TYPES,
  WORKGROUP_SIZE,
} from "./kernel-code.ts";
import { powerAbove } from "./reduction-geometry.ts";

/** Most updates of a row that every place looks through by itself. */
const SCANNED_MAX = 64;
/** Most sums that a workgroup holds in its memory. */
const PLACES_MAX = 2048;
/** Indices that a workgroup brings to its memory at once. */
const CHUNK = 1024;

/** What all index kernels are written with. */
interface IndexCode {
  readonly context: KernelContext;
  readonly kernel: IndexKernel;
  readonly source: Access;
  readonly index: Access;
  readonly output: Access;
  /** A zero of the elements' register type. */
  readonly zero: string;
}

/** Writes a gather, take or scatter. Whoever owns a place adds up its updates, in their order. */
export const emitIndexed: EmitKernel<IndexKernel> = (context, kernel) => {
  if (elementCount(kernel.output.shape) === 0) return { workgroups: 0, statements: "" };
  const [source, index, output] = [kernel.source, kernel.index, kernel.output].map((view) =>
    context.access(view.storage, view.offset),
  );
  const type = REGISTER_TYPES[context.storages[kernel.output.storage].dtype];
  const zero = type === "f32" ? "0.0f" : `0${type[0]}`;
  const code: IndexCode = { context, kernel, source, index, output, zero };
  switch (kernel.operation) {
    case "gather":
      return emitGather(code);
    case "take":
      return emitTake(code);
    case "scatterAdd":
      return emitScatterAdd(code);
    case "scatterAddRows":
      return emitScatterAddRows(code);
    default:
      return kernel.operation satisfies never;
  }
};

/** An invocation for each of `count` elements; the statements know its number as `i`. */
function forEach(count: number, statements: readonly string[]): KernelCode {
  const guarded = `if (i < ${literal(count)}) {\n${statements.join("\n")}\n}`;
  return {
    workgroups: Math.ceil(count / WORKGROUP_SIZE),
    statements: `let i = wg * ${WORKGROUP_SIZE}u + lid;\n${guarded}`,
  };
}

/** A negative index is a large unsigned one. */
function loadIndex(index: Access, at: string): string {
  return `bitcast<u32>(${index.load(at)})`;
}

function emitGather({ kernel, source, index, output, zero }: IndexCode): KernelCode {
  const length = kernel.source.shape.at(-1) ?? 0;
  const count = kernel.index.shape.at(-1) ?? 0;
  return forEach(elementCount(kernel.output.shape), [
    `let chosen = ${loadIndex(index, "i")};`,
    `var value = ${zero};`,
    `if (chosen < ${literal(length)}) {`,
    `let at = i / ${literal(count)} * ${literal(length)} + chosen;`,
    `value = ${source.load("at")};`,
    "}",
    output.store("i", "value"),
  ]);
}

function emitTake({ kernel, source, index, output, zero }: IndexCode): KernelCode {
  const count = elementCount(kernel.output.shape);
  const width = count / elementCount(kernel.index.shape);
  return forEach(count, [
    `let place = i / ${literal(width)};`,
    `let chosen = ${loadIndex(index, "place")};`,
    `var value = ${zero};`,
    `if (chosen < ${literal(kernel.source.shape[0])}) {`,
    `let at = chosen * ${literal(width)} + i % ${literal(width)};`,
    `value = ${source.load("at")};`,
    "}",
    output.store("i", "value"),
  ]);
}

function emitScatterAdd(code: IndexCode): KernelCode {
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
  return [
    `for (var begin = 0u; begin < ${literal(count)}; begin += ${chunk}u) {`,
    `let size = min(${chunk}u, ${literal(count)} - begin);`,
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
  const segments = Math.ceil(length / PLACES_MAX);
  const own = Math.ceil(length / segments / WORKGROUP_SIZE);
  const places = own * WORKGROUP_SIZE;
  const sums = context.workgroupArray("f32", places);
  const statements = [
    `let row = wg / ${segments}u;`,
    `let segment = wg % ${segments}u * ${literal(places)};`,
    `let first = row * ${literal(count)};`,
    `for (var k = lid; k < ${places}u; k += ${WORKGROUP_SIZE}u) { ${sums}[k] = 0.0f; }`,
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
    `for (var k = lid; k < ${places}u && segment + k < ${literal(length)}; k += ${WORKGROUP_SIZE}u) {`,
    `let at = row * ${literal(length)} + segment + k;`,
    output.store("at", `${sums}[k]`),
    "}",
  ];
  return { workgroups: rows * segments, statements: statements.join("\n") };
}

/** Workgroups that keep a GPU busy, and those beyond which each takes more rows of the table instead. */
const TABLE_WORKGROUPS = { wanted: 128, most: 1024 } as const;
/** Fewest neighbouring columns of a row that a workgroup adds up. */
const COLUMNS_MIN = 32;
/** Fewest indices of a segment. */
const SEGMENT_MIN = 64;

/** How a table is shared out. */
export interface TableShares {
  /** Neighbouring columns of a workgroup: a power of 2. */
  readonly columns: number;
  /** Parts of the list of indices, each added up by itself: a power of 2. */
  readonly segments: number;
  /** Rows that a group of invocations, one for each column and segment, owns. */
  readonly own: number;
  /** Rows of a workgroup. */
  readonly rows: number;
  /** Workgroups, those for the columns of one row side by side. */
  readonly across: number;
  readonly workgroups: number;
}

/** Shares out a table, by its size and the number of indices alone. */
export function shareTable(rows: number, width: number, count: number): TableShares {
  let columns = Math.min(WORKGROUP_SIZE, powerAbove(width));
  let segments = 1;
  let own = 1;
  const shares = (): TableShares => {
    const together = (WORKGROUP_SIZE / columns / segments) * own;
    const across = Math.ceil(width / columns);
    return { columns, segments, own, rows: together, across, workgroups: Math.ceil(rows / together) * across };
  };
  const isFew = (): boolean => shares().workgroups < TABLE_WORKGROUPS.wanted;
  while (isFew() && columns > COLUMNS_MIN) columns /= 2;
  while (isFew() && columns * segments < WORKGROUP_SIZE && count / segments >= 2 * SEGMENT_MIN) segments *= 2;
  while (shares().workgroups > TABLE_WORKGROUPS.most && own < PLACES_MAX / WORKGROUP_SIZE) own *= 2;
  return shares();
}

/** Indices of one word of marks. */
const MARKS = 32;

/**
 * Rows of a table: a workgroup marks the indices that name one of its rows, a bit each, then invocations go through the marks in order and add
 * up their column. Segments of the list are added one after the other.
 */
function emitScatterAddRows(code: IndexCode): KernelCode {
  const { context, kernel, index, source, output } = code;
  const count = elementCount(kernel.index.shape);
  const rows = kernel.output.shape[0];
  const width = elementCount(kernel.output.shape) / rows;
  const shares = shareTable(rows, width, count);
  const { columns, segments, own, across } = shares;
  const sums = context.workgroupArray("f32", own * WORKGROUP_SIZE);
  const marks = context.workgroupArray("u32", WORKGROUP_SIZE);
  // Marks of a chunk; only in the last chunk may some be of no index.
  const words = Math.ceil(Math.min(WORKGROUP_SIZE, Math.ceil(count / MARKS)) / segments);
  const statements = [
    `let column = wg % ${across}u * ${columns}u + lid % ${columns}u;`,
    `let segment = lid / ${columns}u % ${segments}u;`,
    `let lowest = wg / ${across}u * ${shares.rows}u;`,
    `let owned = lowest + lid / ${columns * segments}u * ${own}u;`,
    `for (var k = 0u; k < ${own}u; k++) { ${sums}[k * ${WORKGROUP_SIZE}u + lid] = 0.0f; }`,
    `for (var begin = 0u; begin < ${literal(count)}; begin += ${MARKS * WORKGROUP_SIZE}u) {`,
    "var mark = 0u;",
    `let first = begin + lid * ${MARKS}u;`,
    `for (var k = 0u; k < ${MARKS}u && first + k < ${literal(count)}; k++) {`,
    "let at = first + k;",
    `let chosen = ${loadIndex(index, "at")};`,
    `if (chosen - lowest < ${shares.rows}u && chosen < ${literal(rows)}) { mark |= 1u << k; }`,
    "}",
    `${marks}[lid] = mark;`,
    "workgroupBarrier();",
    `for (var word = segment * ${words}u; word < (segment + 1u) * ${words}u; word++) {`,
    `var rest = ${marks}[word];`,
    "while (rest != 0u) {",
    `let named = begin + word * ${MARKS}u + countTrailingZeros(rest);`,
    "rest &= rest - 1u;",
    shares.rows === 1 ? "let mine = 0u;" : `let mine = ${loadIndex(index, "named")} - owned;`,
    `if (mine < ${own}u && column < ${literal(width)}) {`,
    `let at = named * ${literal(width)} + column;`,
    `${sums}[mine * ${WORKGROUP_SIZE}u + lid] += ${source.load("at")};`,
    "}\n}\n}",
    "workgroupBarrier();",
    "}",
    `for (var k = 0u; k < ${own}u; k++) {`,
    `if (segment == 0u && owned + k < ${literal(rows)} && column < ${literal(width)}) {`,
    `var sum = ${sums}[k * ${WORKGROUP_SIZE}u + lid];`,
    `for (var s = 1u; s < ${segments}u; s++) { sum += ${sums}[k * ${WORKGROUP_SIZE}u + lid + s * ${columns}u]; }`,
    `let at = (owned + k) * ${literal(width)} + column;`,
    output.store("at", "sum"),
    "}\n}",
  ];
  return { workgroups: shares.workgroups, statements: statements.join("\n") };
}

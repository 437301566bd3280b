import { elementCount } from "@tributary/program";
import { type IndexCode, loadIndex } from "./index-access.ts";
import { type KernelCode, literal, WORKGROUP_SIZE } from "./kernel-code.ts";
import { powerAbove } from "./reduction-geometry.ts";

/** Most sums that an invocation holds in workgroup memory, and where that is to be spared. */
const OWN_MAX = 8;
const OWN_SPARING = 4;
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
export function shareTable(rows: number, width: number, count: number, sparing = false): TableShares {
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
  while (shares().workgroups > TABLE_WORKGROUPS.most && own < (sparing ? OWN_SPARING : OWN_MAX)) own *= 2;
  return shares();
}

/** Indices of one word of marks. */
const MARKS = 32;

/**
 * Rows of a table: a workgroup marks the indices that name one of its rows, a bit each, then invocations go through the marks in order and add
 * up their column. Segments of the list are added one after the other.
 */
export function emitScatterAddRows(code: IndexCode): KernelCode {
  const { context, kernel, index, source, output } = code;
  const count = elementCount(kernel.index.shape);
  const rows = kernel.output.shape[0];
  const width = elementCount(kernel.output.shape) / rows;
  const shares = shareTable(rows, width, count, context.sparing);
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

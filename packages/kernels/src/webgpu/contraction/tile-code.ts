import type { ContractKernel } from "../../ir.ts";
import { type KernelContext, WORKGROUP_SIZE } from "../kernel-code.ts";
import { EpilogueCode } from "./epilogue-code.ts";
import { emitHandedSums } from "./lane-sums.ts";
import { highBits, type Lines, lowBits, sum } from "./lines.ts";
import { type Product, partLength } from "./product.ts";
import { pieceVectors, StagedOperand } from "./staged-operand.ts";
import { sliceCount, type TileShape } from "./tile-shapes.ts";
import { type Assignment, assignment } from "./workgroup-number.ts";

/** Elements of an invocation whose epilogues run beside each other where slices have shared the sums. */
const SHARED_ELEMENTS = 4;

/** Part of the GPU's workgroup memory that pieces may fill: a dispatch may hold other kernels' arrays too. */
const PIECES_SHARE = 0.75;

/** Workgroup memory of a product's tiles. */
export interface TileMemory {
  /** Vectors of four numbers, in all. */
  readonly vectors: number;
  /** Vectors of a pair of pieces, one of each factor. */
  readonly pair: number;
  /**
   * Whether there is room for two pairs: then one is stored while the other is multiplied, and a piece costs one barrier rather than two
   * (double buffering, as in Kerr et al., CUTLASS, 2017).
   */
  readonly isDouble: boolean;
}

/** What a product's tiles take of `bytes` bytes of workgroup memory. */
export function tileMemory(product: Product, shape: TileShape, bytes: number): TileMemory {
  const slices = sliceCount(shape);
  const sums = (shape.threadRows * shape.threadColumns) / 4;
  // Half of the slices hand their sums to the other half.
  const handed = slices === 1 ? 0 : (WORKGROUP_SIZE / 2) * sums;
  const pair =
    pieceVectors(product.left, leftPiece(product, shape)) + pieceVectors(product.right, rightPiece(product, shape));
  const isDouble = partLength(product) > shape.depth && 2 * pair * VECTOR_BYTES <= bytes * PIECES_SHARE;
  return { vectors: Math.max(isDouble ? 2 * pair : pair, handed), pair, isDouble };
}

const VECTOR_BYTES = 16;

const leftPiece = ({ rows }: Product, shape: TileShape) => ({ lines: shape.rows, depth: shape.depth, limit: rows });

const rightPiece = ({ columns }: Product, shape: TileShape) => ({
  lines: shape.columns,
  depth: shape.depth,
  limit: columns,
});

/**
 * Writes the code of a product's tiles: pieces of both factors go through workgroup memory, each invocation keeps its sums in registers.
 * While one piece is multiplied, the next one is on its way into registers.
 */
export function emitTile(context: KernelContext, lines: Lines, kernel: ContractKernel, task: TileTask): void {
  new TileWriter(context, lines, kernel, task).write();
}

/** A product's tiles, and what they may use. */
export interface TileTask {
  readonly product: Product;
  readonly shape: TileShape;
  /** An array of vec4<f32> in workgroup memory, of as many as {@link tileMemory} says for the GPU's bytes of it. */
  readonly memory: string;
  /** Expression of the tile's number. */
  readonly number: string;
}

class TileWriter {
  readonly #lines: Lines;
  readonly #task: TileTask;
  readonly #slices: number;
  readonly #pieces: TileMemory;
  readonly #left: StagedOperand;
  readonly #right: StagedOperand;
  readonly #epilogue: EpilogueCode;
  readonly #place: Assignment;
  /** Number of an invocation's slice, and of its row and column of sums among the slice's. */
  readonly #slice: string;
  readonly #row: string;
  readonly #column: string;

  constructor(context: KernelContext, lines: Lines, kernel: ContractKernel, task: TileTask) {
    const { product, shape, memory, number } = task;
    this.#lines = lines;
    this.#task = task;
    this.#slices = sliceCount(shape);
    this.#pieces = tileMemory(product, shape, context.features.workgroupBytes);
    this.#place = assignment(lines, product, shape, number);
    const first = pieceVectors(product.left, leftPiece(product, shape));
    this.#left = new StagedOperand(context, lines, product.left, leftPiece(product, shape), { name: memory, first: 0 });
    this.#right = new StagedOperand(context, lines, product.right, rightPiece(product, shape), { name: memory, first });
    this.#epilogue = new EpilogueCode(context, lines, kernel, product);
    const across = shape.columns / shape.threadColumns;
    const down = shape.rows / shape.threadRows;
    this.#column = lines.let("column", lowBits("lid", across));
    this.#row = lines.let("row", lowBits(highBits("lid", across), down));
    this.#slice = lines.let("slice", this.#slices === 1 ? "0u" : highBits("lid", across * down));
  }

  write(): void {
    const { batch, part, firstRow, firstColumn } = this.#place;
    this.#lines.add(...this.#sums((name) => `var ${name} = vec4<f32>();`));
    if (this.#task.product.depth > 0) {
      this.#left.prepare(batch, firstRow, "left");
      this.#right.prepare(batch, firstColumn, "right");
      this.#sumUp();
    }
    this.#epilogue.enter(batch, part);
    if (this.#slices === 1) this.#finishOwn();
    else this.#finishShared();
  }

  #sumUp(): void {
    const { product, shape } = this.#task;
    const { start, end } = this.#place;
    const lines = this.#lines;
    const mayEnd = product.depth % shape.depth !== 0;
    const k = lines.name("k");
    // One turn more than there are pieces: a turn loads a piece and multiplies the one before it.
    lines.block(`for (var ${k} = ${start}; ${k} < ${end} + ${shape.depth}u; ${k} += ${shape.depth}u)`, () => {
      lines.block(`if (${k} < ${end})`, () => {
        this.#left.load(k, end, mayEnd);
        this.#right.load(k, end, mayEnd);
      });
      const { isDouble, pair } = this.#pieces;
      const turn = isDouble ? lines.let("turn", highBits(`(${k} - ${start})`, shape.depth)) : "";
      const stored = isDouble ? lines.let("stored", `${lowBits(turn, 2)} * ${pair}u`) : "0u";
      const multiplied = isDouble ? lines.let("multiplied", `${lowBits(`(${turn} + 1u)`, 2)} * ${pair}u`) : "0u";
      lines.block(`if (${k} > ${start})`, () => this.#multiply(multiplied));
      if (!isDouble) lines.add("workgroupBarrier();");
      lines.block(`if (${k} < ${end})`, () => {
        this.#left.store(stored);
        this.#right.store(stored);
      });
      lines.add("workgroupBarrier();");
    });
  }

  /** Multiplies the pieces in workgroup memory: each slice takes every so many-th k. */
  #multiply(base: string): void {
    const { shape } = this.#task;
    const lines = this.#lines;
    const step = lines.name("step");
    lines.block(`for (var ${step} = 0u; ${step} < ${shape.depth / this.#slices}u; ${step} += 1u)`, () => {
      const k = this.#slices === 1 ? step : lines.let("k", `${step} * ${this.#slices}u + ${this.#slice}`);
      const rows = vectorSlots(shape.rows, shape.threadRows).map((slot) =>
        lines.let("l", this.#left.vector(base, k, sum(this.#row, slot))),
      );
      const columns = vectorSlots(shape.columns, shape.threadColumns).map((slot) =>
        lines.let("r", this.#right.vector(base, k, sum(this.#column, slot))),
      );
      lines.add(
        ...this.#sums((name, row, quad) => `${name} += ${rows[row >> 2]}.${"xyzw"[row & 3]} * ${columns[quad]};`),
      );
    });
  }

  /** Goes through the vectors of an invocation's sums: four columns of a row each. */
  #sums(write: (name: string, row: number, quad: number) => string): string[] {
    const { threadRows, threadColumns } = this.#task.shape;
    const found: string[] = [];
    for (let row = 0; row < threadRows; row++) {
      for (let quad = 0; quad < threadColumns / 4; quad++) found.push(write(`sum${row}_${quad}`, row, quad));
    }
    return found;
  }

  /** Sums of slices: half of them hand theirs to the other half, then all invocations share the work of adding what is left. */
  #finishShared(): void {
    const { memory, shape } = this.#task;
    const lines = this.#lines;
    const quarter = shape.columns / 4;
    const vectors = shape.rows * quarter;
    const rowsOf = rowOffsets(shape.rows, shape.threadRows);
    emitHandedSums(lines, {
      lanes: this.#slices,
      lane: this.#slice,
      names: this.#sums((name) => name),
      memory,
      place: (part) =>
        this.#sums((_, row, quad) => {
          const line = `(${sum(this.#row, `${rowsOf[row]}u`)}) * ${quarter}u`;
          const slot = sum(this.#column, vectorSlots(shape.columns, shape.threadColumns)[quad]);
          return `${part} * ${vectors}u + ${line} + ${slot}`;
        }),
    });
    const each = Math.min(SHARED_ELEMENTS, (shape.rows * shape.columns) / WORKGROUP_SIZE);
    const first = lines.name("first");
    const end = shape.rows * shape.columns;
    lines.block(`for (var ${first} = lid; ${first} < ${end}u; ${first} += ${WORKGROUP_SIZE * each}u)`, () =>
      this.#epilogue.elements(
        Array.from({ length: each }, (_, number) => {
          const element = lines.let("element", sum(first, number === 0 ? "0u" : `${number * WORKGROUP_SIZE}u`));
          const row = lines.let("row", highBits(element, shape.columns));
          const column = lines.let("column", lowBits(element, shape.columns));
          const slot = lines.let("slot", `${row} * ${quarter}u + ${lowBits(column, quarter)}`);
          const lane = lines.let("lane", highBits(column, quarter));
          const parts = Array.from(
            { length: this.#slices / 2 },
            (__, part) => `${memory}[${sum(slot, `${part * vectors}u`)}][${lane}]`,
          );
          return {
            row: this.#epilogue.line("row", sum(this.#place.firstRow, row), shape.rows),
            column: this.#epilogue.line("column", sum(this.#place.firstColumn, column), shape.columns),
            value: lines.let("value", parts.join(" + ")),
          };
        }),
      ),
    );
  }

  /** The epilogue of sums that each invocation has for itself, row by row. */
  #finishOwn(): void {
    const { shape } = this.#task;
    const { firstRow, firstColumn } = this.#place;
    const lines = this.#lines;
    const columns = rowOffsets(shape.columns, shape.threadColumns).map((offset) =>
      this.#epilogue.line("column", sum(firstColumn, this.#column, `${offset}u`), shape.columns),
    );
    const finishRow = (offset: string, value: (column: number) => string): void => {
      const row = this.#epilogue.line("row", sum(firstRow, this.#row, offset), shape.rows);
      this.#epilogue.elements(columns.map((column, index) => ({ row, column, value: value(index) })));
    };
    if (!this.#epilogue.wantsLoop(shape.threadRows * shape.threadColumns)) {
      for (const [row, offset] of rowOffsets(shape.rows, shape.threadRows).entries()) {
        finishRow(`${offset}u`, (column) => `sum${row}_${column >> 2}.${"xyzw"[column & 3]}`);
      }
      return;
    }
    const sums = lines.name("sums");
    const values = this.#sums((name) => name).flatMap((name) => [0, 1, 2, 3].map((lane) => `${name}.${"xyzw"[lane]}`));
    lines.add(`var ${sums} = array<f32, ${values.length}>(${values.join(", ")});`);
    const row = lines.name("row");
    lines.block(`for (var ${row} = 0u; ${row} < ${shape.threadRows}u; ${row} += 1u)`, () =>
      finishRow(
        offsetExpression(row, shape.rows, shape.threadRows),
        (column) => `${sums}[${row} * ${shape.threadColumns}u + ${column}u]`,
      ),
    );
  }
}

/** What is added to an invocation's number for the slots of its vectors. */
function vectorSlots(lines: number, own: number): string[] {
  return own === 4 ? ["0u"] : ["0u", `${lines / 8}u`];
}

/** Rows (or columns) of an invocation, from that with its own number on: its vectors' elements are a quarter of the tile apart. */
function rowOffsets(lines: number, own: number): number[] {
  return Array.from({ length: own }, (_, row) => (row >> 2) * (lines / 8) + (row & 3) * (lines / 4));
}

/** The same of a row that is known when the code runs. */
function offsetExpression(row: string, lines: number, own: number): string {
  const low = `(${row} & 3u) * ${lines / 4}u`;
  return own === 4 ? low : `${low} + (${row} >> 2u) * ${lines / 8}u`;
}

import type { ContractKernel } from "../../ir.ts";
import { type KernelContext, WORKGROUP_SIZE } from "../kernel-code.ts";
import { EpilogueCode } from "./epilogue-code.ts";
import { emitLaneSums } from "./lane-sums.ts";
import { mergeDigits } from "./linear-map.ts";
import { highBits, type Lines, lowBits, sum } from "./lines.ts";
import { type Components, isInnerFirst, OperandCode } from "./operand-code.ts";
import type { Product } from "./product.ts";
import type { SkinnyShape } from "./skinny-shape.ts";
import { type Assignment, assignment } from "./workgroup-number.ts";

/** Elements of workgroup memory that a product of few rows needs. */
export interface SkinnyMemory {
  readonly scalars: number;
  readonly vectors: number;
  readonly words: number;
}

/** k's whose elements of the right factor are loaded before the first of them is used. */
const UNROLL = 4;

/** What a product needs in this geometry. */
export function skinnyMemory({ right }: Product, shape: SkinnyShape): SkinnyMemory {
  const vectors = Math.max(1, shape.rows / 4);
  const handed = shape.lanes === 1 ? 0 : (WORKGROUP_SIZE / 2) * shape.threadColumns * vectors;
  const elements = Math.max(shape.chunk * vectors, handed);
  const involved = innerTable(right);
  return {
    scalars: shape.rows === 1 ? elements : 0,
    vectors: shape.rows === 1 ? 0 : elements,
    words: involved ? shape.chunk * (1 + right.bounds.length) : 0,
  };
}

/** Whether the places of the right factor's k's are computed once for all invocations: there is more to them than a product. */
function innerTable({ inner, bounds }: Product["right"]): boolean {
  return mergeDigits(inner).length > 1 || bounds.length > 0;
}

/** A product of few rows, and what its code may use. */
export interface SkinnyTask {
  readonly product: Product;
  readonly shape: SkinnyShape;
  /** Names of the arrays in workgroup memory; "" where {@link skinnyMemory} wants none. */
  readonly memory: { readonly scalars: string; readonly vectors: string; readonly words: string };
  /** Expression of the workgroup's number. */
  readonly number: string;
}

/** Writes the code of a product of few rows. */
export function emitSkinny(context: KernelContext, lines: Lines, kernel: ContractKernel, task: SkinnyTask): void {
  new SkinnyWriter(context, lines, kernel, task).write();
}

class SkinnyWriter {
  readonly #lines: Lines;
  readonly #product: Product;
  readonly #shape: SkinnyShape;
  readonly #staged: string;
  readonly #table: string;
  readonly #place: Assignment;
  readonly #left: OperandCode;
  readonly #right: OperandCode;
  readonly #epilogue: EpilogueCode;
  /** Vectors (or the one scalar) of a column's sums. */
  readonly #parts: number;
  readonly #type: "f32" | "vec4<f32>";
  /** Number of an invocation's lane, and of its column among those of a lane. */
  readonly #lane: string;
  readonly #own: string;
  readonly #columns: readonly string[];

  constructor(
    context: KernelContext,
    lines: Lines,
    kernel: ContractKernel,
    { product, shape, memory, number }: SkinnyTask,
  ) {
    this.#lines = lines;
    this.#product = product;
    this.#shape = shape;
    this.#parts = Math.max(1, shape.rows / 4);
    this.#type = shape.rows === 1 ? "f32" : "vec4<f32>";
    this.#staged = shape.rows === 1 ? memory.scalars : memory.vectors;
    this.#table = memory.words;
    this.#place = assignment(lines, product, { rows: shape.rows, columns: shape.width }, number);
    this.#left = new OperandCode(context, lines, product.left);
    this.#right = new OperandCode(context, lines, product.right);
    this.#epilogue = new EpilogueCode(context, lines, kernel, product);
    const across = WORKGROUP_SIZE / shape.lanes;
    const low = shape.lanesFirst ? shape.lanes : across;
    const [inner, outer] = [lowBits("lid", low), low === WORKGROUP_SIZE ? "0u" : highBits("lid", low)];
    this.#lane = lines.let("lane", shape.lanesFirst ? inner : outer);
    this.#own = lines.let("own", shape.lanesFirst ? outer : inner);
    this.#columns = Array.from({ length: shape.threadColumns }, (_, column) =>
      lines.let("column", sum(this.#place.firstColumn, this.#own, column === 0 ? "0u" : `${column * across}u`)),
    );
  }

  write(): void {
    const { batch, part } = this.#place;
    this.#lines.add(...this.#sums((name) => `var ${name} = ${this.#type}();`));
    if (this.#product.depth > 0) {
      this.#left.enter(batch);
      this.#right.enter(batch);
      const columns = this.#columns.map((column) => this.#right.outer(this.#clamp(column)));
      this.#sumUp(columns);
    }
    emitLaneSums(this.#lines, {
      lanes: this.#shape.lanes,
      lane: this.#lane,
      own: this.#own,
      names: this.#sums((name) => name),
      memory: this.#staged,
    });
    this.#epilogue.enter(batch, part);
    if (this.#shape.lanes === 1) this.#finish();
    else this.#lines.block(`if (${this.#lane} == 0u)`, () => this.#finish());
  }

  /** Columns beyond the last are computed like the last, and not stored. */
  #clamp(column: string): string {
    const { columns } = this.#product;
    return columns % this.#shape.width === 0 ? column : this.#lines.let("known", `min(${column}, ${columns - 1}u)`);
  }

  #sums(write: (name: string, column: number, part: number) => string): string[] {
    return this.#columns.flatMap((_, column) =>
      Array.from({ length: this.#parts }, (__, part) => write(`sum${column}_${part}`, column, part)),
    );
  }

  #sumUp(columns: readonly Components[]): void {
    const { chunk, lanes } = this.#shape;
    const { start, end } = this.#place;
    const lines = this.#lines;
    const first = lines.name("first");
    lines.block(`for (var ${first} = ${start}; ${first} < ${end}; ${first} += ${chunk}u)`, () => {
      const count = lines.let("count", `min(${end} - ${first}, ${chunk}u)`);
      this.#stage(first, count);
      lines.add("workgroupBarrier();");
      const k = lines.name("k");
      lines.add(`var ${k} = ${this.#lane};`);
      if (chunk >= UNROLL * lanes) {
        lines.block(`for (; ${k} + ${(UNROLL - 1) * lanes}u < ${count}; ${k} += ${UNROLL * lanes}u)`, () =>
          this.#multiply(
            columns,
            first,
            Array.from({ length: UNROLL }, (_, turn) => sum(k, `${turn * lanes}u`)),
          ),
        );
      }
      lines.block(`for (; ${k} < ${count}; ${k} += ${lanes}u)`, () => this.#multiply(columns, first, [k]));
      lines.add("workgroupBarrier();");
    });
  }

  /** Loads the left factor's elements for a chunk of k's, and where the right factor's are. */
  #stage(first: string, count: string): void {
    const { rows, chunk } = this.#shape;
    const lines = this.#lines;
    const entry = lines.name("entry");
    const total = rows === 1 ? count : `${chunk * this.#parts}u`;
    lines.block(`for (var ${entry} = lid; ${entry} < ${total}; ${entry} += ${WORKGROUP_SIZE}u)`, () => {
      const innerFirst = isInnerFirst(this.#product.left);
      const divisor = innerFirst ? chunk : this.#parts;
      const [low, high] = [lines.let("low", lowBits(entry, divisor)), lines.let("high", highBits(entry, divisor))];
      const [k, part] = this.#parts === 1 ? [entry, "0u"] : innerFirst ? [low, high] : [high, low];
      const load = (): void => this.#stageOne(k, part, sum(first, k));
      if (rows === 1) load();
      else lines.block(`if (${k} < ${count})`, load);
    });
    if (!innerTable(this.#product.right)) return;
    lines.block(`for (var ${entry} = lid; ${entry} < ${count}; ${entry} += ${WORKGROUP_SIZE}u)`, () => {
      const components = this.#right.inner(lines.let("k", sum(first, entry)));
      for (const [component, value] of components.entries()) {
        lines.add(`${this.#table}[${sum(entry, `${component * chunk}u`)}] = ${value};`);
      }
    });
  }

  #stageOne(k: string, part: string, at: string): void {
    const { rows, chunk } = this.#shape;
    const lines = this.#lines;
    const inner = this.#left.inner(lines.let("at", at));
    const elements = Array.from({ length: Math.min(rows, 4) }, (_, lane) => {
      const row = sum(this.#place.firstRow, part === "0u" ? part : `${part} * 4u`, lane === 0 ? "0u" : `${lane}u`);
      const exists = this.#product.rows % rows === 0;
      const known = exists ? row : `min(${row}, ${this.#product.rows - 1}u)`;
      return this.#left.load(this.#left.outer(lines.let("row", known)), inner);
    });
    const slot = sum(k, part === "0u" ? part : `${part} * ${chunk}u`);
    lines.add(`${this.#staged}[${slot}] = ${rows === 1 ? elements[0] : `vec4<f32>(${elements.join(", ")})`};`);
  }

  /** Adds the products of some k's of the chunk. All loads stand before all sums. */
  #multiply(columns: readonly Components[], first: string, ks: readonly string[]): void {
    const { chunk } = this.#shape;
    const lines = this.#lines;
    const right = ks.map((k) => {
      const at = lines.let("k", k);
      const inner = innerTable(this.#product.right)
        ? this.#right.operand.start.map((_, component) =>
            lines.let("inner", `${this.#table}[${sum(at, `${component * chunk}u`)}]`),
          )
        : this.#right.inner(lines.let("at", sum(first, at)));
      return { at, values: columns.map((column) => lines.let("r", this.#right.load(column, inner))) };
    });
    for (const { at, values } of right) {
      const left = Array.from({ length: this.#parts }, (_, part) =>
        lines.let("l", `${this.#staged}[${sum(at, part === 0 ? "0u" : `${part * chunk}u`)}]`),
      );
      lines.add(...this.#sums((name, column, part) => `${name} += ${left[part]} * ${values[column]};`));
    }
  }

  #finish(): void {
    const { rows, width } = this.#shape;
    const most = Math.min(rows, this.#product.rows);
    const columns = this.#columns.map((column) => this.#epilogue.line("column", column, width));
    const loop = this.#epilogue.wantsLoop(most * columns.length);
    const finishRows = (first: string, count: number, value: (column: number, row: number) => string): void => {
      const own = Array.from({ length: count }, (_, row) => {
        const number = sum(this.#place.firstRow, first, row === 0 ? "0u" : `${row}u`);
        // Rows that no workgroup has are not written at all, unless a loop goes over them.
        const alone = !loop && this.#product.rows <= rows;
        return this.#epilogue.line("row", number, alone ? this.#product.rows : rows);
      });
      this.#epilogue.elements(
        columns.flatMap((column, index) => own.map((row, line) => ({ row, column, value: value(index, line) }))),
      );
    };
    if (!loop) {
      finishRows("0u", most, (column, row) =>
        rows === 1 ? `sum${column}_0` : `sum${column}_${row >> 2}.${"xyzw"[row & 3]}`,
      );
      return;
    }
    const lines = this.#lines;
    const sums = lines.name("sums");
    const values = this.#sums((name) => name).flatMap((name) =>
      rows === 1 ? [name] : [0, 1, 2, 3].map((lane) => `${name}.${"xyzw"[lane]}`),
    );
    lines.add(`var ${sums} = array<f32, ${values.length}>(${values.join(", ")});`);
    const row = lines.name("row");
    const together = Math.min(rows, 4);
    lines.block(`for (var ${row} = 0u; ${row} < ${most}u; ${row} += ${together}u)`, () =>
      finishRows(row, together, (column, line) => `${sums}[${sum(row, `${column * rows + line}u`)}]`),
    );
  }
}

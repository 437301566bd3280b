import { BYTES_PER_ELEMENT, type DType } from "@tributary/program";
import type { StorageId, Window } from "../ir.ts";
import type { FunctionBuilder, Local } from "./assembler-function.ts";
import type { KernelContext } from "./context.ts";

/** One way in which a kernel goes through memory (or, without a storage, through index numbers). */
export interface StreamAccess {
  readonly storage: StorageId | null;
  readonly dtype: DType;
  /** Strides in elements, one for each loop axis. */
  readonly window: Window;
}

/** An address (in bytes) or an index that walks along with the loops; accesses at a fixed distance share it. */
interface Pointer {
  readonly local: Local;
  readonly storage: StorageId | null;
  readonly elementBytes: number;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Where an access is, from its pointer. */
interface Position {
  readonly pointer: Pointer;
  readonly byteOffset: number;
}

/**
 * The pointers of a nest of loops. Each loop moves every pointer by its stride; nothing is multiplied at run time. The pointers
 * begin at element 0 of every axis when this is made, and every loop leaves them where it found them.
 */
export class Streams {
  readonly #code: FunctionBuilder;
  readonly #pointers: Pointer[] = [];
  readonly #positions: Position[] = [];
  readonly #accesses: readonly StreamAccess[];
  /** The axis whose neighbours share a vector. */
  readonly #lane: number;

  constructor(context: KernelContext, accesses: readonly StreamAccess[], lane: number) {
    this.#code = context.body;
    this.#accesses = accesses;
    this.#lane = lane;
    for (const access of accesses) this.#positions.push(this.#positionOf(access));
    for (const pointer of this.#pointers) {
      if (pointer.storage === null) this.#code.i32(pointer.offset);
      else context.pushAddress(pointer.storage, pointer.offset * pointer.elementBytes);
      this.#code.set(pointer.local);
    }
  }

  /** Runs `body` count times; each time `step` elements of `axis` further on. */
  loop(axis: number, count: number, step: number, body: () => void): void {
    this.walk(axis, count, step, body);
    if (count > 1) this.advance(axis, -count * step);
  }

  /** As loop, but leaves the pointers behind the last element, or where they are if there is one turn only. */
  walk(axis: number, count: number, step: number, body: () => void): void {
    if (count === 1) body();
    if (count <= 1) return;
    const counter = this.#code.local("i32");
    this.#code.i32(count).set(counter);
    this.#code.loop((again) => {
      body();
      this.advance(axis, step);
      this.#code.get(counter).i32(1).op("i32.sub").tee(counter).brIf(again);
    });
    this.#code.release(counter);
  }

  /** Moves every pointer by so many elements of `axis`. */
  advance(axis: number, elements: number): void {
    if (elements === 0) return;
    for (const { local, strides, elementBytes } of this.#pointers) {
      const bytes = strides[axis] * elementBytes * elements;
      if (bytes !== 0) this.#code.get(local).i32(bytes).op("i32.add").set(local);
    }
  }

  /** Pushes a vector of access `number`: lanes 4 * vector ... of the lane axis, or (lanes 1) one element in lane 0. */
  pushLoad(number: number, vector: number, lanes: 1 | 4): void {
    const { dtype, window } = this.#accesses[number];
    const stride = window.strides[this.#lane] ?? 0;
    const position = this.#positions[number];
    const bytes = BYTES_PER_ELEMENT[dtype];
    const offset = position.byteOffset + vector * 4 * stride * bytes;
    const { local } = position.pointer;
    if (lanes === 1 || stride === 0) loadOne(this.#code, local, offset, dtype, lanes);
    else if (stride === 1) loadAdjacent(this.#code, local, offset, dtype);
    else loadLanes(this.#code, local, offset, stride * bytes, dtype);
    // Bytes 0 and 1 become masks.
    if (dtype === "bool") this.#code.i32x4(0).op("i32x4.ne");
  }

  /** Pushes a vector of index access `number`. */
  pushIndex(number: number, vector: number): void {
    const stride = this.#accesses[number].window.strides[this.#lane] ?? 0;
    const { pointer, byteOffset } = this.#positions[number];
    this.#code.get(pointer.local).op("i32x4.splat");
    const start = byteOffset + vector * 4 * stride;
    if (start !== 0 || stride !== 0) {
      this.#code.i32x4(start, start + stride, start + 2 * stride, start + 3 * stride).op("i32x4.add");
    }
  }

  /** Writes the vector in `value` to access `number`: four lanes, or (lanes 1) lane 0. */
  store(number: number, vector: number, lanes: 1 | 4, value: Local): void {
    const { dtype, window } = this.#accesses[number];
    const stride = window.strides[this.#lane] ?? 0;
    const { pointer, byteOffset } = this.#positions[number];
    const bytes = BYTES_PER_ELEMENT[dtype];
    const offset = byteOffset + vector * 4 * stride * bytes;
    const code = this.#code;
    const source = dtype === "bool" ? code.local("v128") : value;
    if (dtype === "bool") code.get(value).i32x4(1).op("v128.and").set(source);
    if (lanes === 4 && stride === 1) storeAdjacent(code, pointer.local, offset, dtype, source);
    else {
      for (let lane = 0; lane < lanes; lane++) {
        storeLane(code, pointer.local, offset + lane * stride * bytes, dtype, source, lane);
      }
    }
    if (dtype === "bool") code.release(source);
  }

  #positionOf(access: StreamAccess): Position {
    const { storage, window } = access;
    const elementBytes = storage === null ? 1 : BYTES_PER_ELEMENT[access.dtype];
    const strides = window.strides.join();
    const known = this.#pointers.find((pointer) => pointer.storage === storage && pointer.strides.join() === strides);
    if (known !== undefined) {
      return { pointer: known, byteOffset: (window.offset - known.offset) * elementBytes };
    }
    const local = this.#code.local("i32");
    const pointer = { local, storage, elementBytes, strides: window.strides, offset: window.offset };
    this.#pointers.push(pointer);
    return { pointer, byteOffset: 0 };
  }
}

/** Pushes pointer + offset where the instruction cannot add the offset itself. @returns what the instruction is to add */
function pushPointer(code: FunctionBuilder, pointer: Local, offset: number): number {
  code.get(pointer);
  if (offset >= 0) return offset;
  code.i32(offset).op("i32.add");
  return 0;
}

/** One element in lane 0 (lanes 1), or in all lanes. */
function loadOne(code: FunctionBuilder, pointer: Local, offset: number, dtype: DType, lanes: 1 | 4): void {
  const rest = pushPointer(code, pointer, offset);
  const bytes = BYTES_PER_ELEMENT[dtype];
  if (bytes === 4) code.memory(lanes === 1 ? "v128.load32_zero" : "v128.load32_splat", rest);
  else code.memory(bytes === 2 ? "i32.load16_u" : "i32.load8_u", rest).op("i32x4.splat");
}

function loadAdjacent(code: FunctionBuilder, pointer: Local, offset: number, dtype: DType): void {
  const rest = pushPointer(code, pointer, offset);
  const bytes = BYTES_PER_ELEMENT[dtype];
  if (bytes === 4) code.memory("v128.load", rest);
  else if (bytes === 2) code.memory("v128.load16x4_u", rest);
  else code.memory("v128.load32_zero", rest).op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u");
}

function loadLanes(code: FunctionBuilder, pointer: Local, offset: number, strideBytes: number, dtype: DType): void {
  const bytes = BYTES_PER_ELEMENT[dtype];
  loadOne(code, pointer, offset, dtype, bytes === 4 ? 1 : 4);
  for (let lane = 1; lane < 4; lane++) {
    const vector = bytes === 4 ? code.local("v128") : null;
    if (vector !== null) code.set(vector);
    const rest = pushPointer(code, pointer, offset + lane * strideBytes);
    if (vector !== null) {
      code.get(vector).memoryLane("v128.load32_lane", lane, rest);
      code.release(vector);
    } else {
      code.memory(bytes === 2 ? "i32.load16_u" : "i32.load8_u", rest).lane("i32x4.replace_lane", lane);
    }
  }
}

function storeAdjacent(code: FunctionBuilder, pointer: Local, offset: number, dtype: DType, value: Local): void {
  const rest = pushPointer(code, pointer, offset);
  code.get(value);
  const bytes = BYTES_PER_ELEMENT[dtype];
  if (bytes === 4) {
    code.memory("v128.store", rest);
    return;
  }
  code.get(value).op("i16x8.narrow_i32x4_u");
  if (bytes === 2) {
    code.memoryLane("v128.store64_lane", 0, rest);
    return;
  }
  const halves = code.local("v128");
  code.tee(halves).get(halves).op("i8x16.narrow_i16x8_u").memoryLane("v128.store32_lane", 0, rest);
  code.release(halves);
}

function storeLane(
  code: FunctionBuilder,
  pointer: Local,
  offset: number,
  dtype: DType,
  value: Local,
  lane: number,
): void {
  const rest = pushPointer(code, pointer, offset);
  code.get(value);
  const bytes = BYTES_PER_ELEMENT[dtype];
  if (bytes === 4) code.memoryLane("v128.store32_lane", lane, rest);
  else if (bytes === 2) code.memoryLane("v128.store16_lane", lane * 2, rest);
  else code.memoryLane("v128.store8_lane", lane * 4, rest);
}

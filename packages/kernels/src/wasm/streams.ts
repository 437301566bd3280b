import { BYTES_PER_ELEMENT, type DType } from "@tributary/program";
import type { StorageId, Window } from "../ir.ts";
import type { FunctionBuilder, Local } from "./assembler-function.ts";
import type { KernelContext } from "./context.ts";
import { type Lanes, loadLanes, pushIndexLanes, storeLanes } from "./lanes.ts";

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
  /** What is to be added to the pointer: bytes, or for an index the number itself. */
  readonly offset: number;
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
    loadLanes(this.#code, this.#positions[number].pointer.local, this.#lanesOf(number, vector, lanes));
  }

  /** Pushes a vector of index access `number`. */
  pushIndex(number: number, vector: number): void {
    pushIndexLanes(this.#code, this.#positions[number].pointer.local, this.#lanesOf(number, vector, 4));
  }

  /** Writes the vector in `value` to access `number`: four lanes, or (lanes 1) lane 0. */
  store(number: number, vector: number, lanes: 1 | 4, value: Local): void {
    storeLanes(this.#code, this.#positions[number].pointer.local, value, this.#lanesOf(number, vector, lanes));
  }

  #lanesOf(number: number, vector: number, count: 1 | 4): Lanes {
    const { dtype, window } = this.#accesses[number];
    const stride = window.strides[this.#lane] ?? 0;
    return { dtype, stride, vector, count, offset: this.#positions[number].offset };
  }

  #positionOf(access: StreamAccess): Position {
    const { storage, window } = access;
    const elementBytes = storage === null ? 1 : BYTES_PER_ELEMENT[access.dtype];
    const strides = window.strides.join();
    const known = this.#pointers.find((pointer) => pointer.storage === storage && pointer.strides.join() === strides);
    if (known !== undefined) {
      return { pointer: known, offset: (window.offset - known.offset) * elementBytes };
    }
    const local = this.#code.local("i32");
    const pointer = { local, storage, elementBytes, strides: window.strides, offset: window.offset };
    this.#pointers.push(pointer);
    return { pointer, offset: 0 };
  }
}

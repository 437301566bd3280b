import { BYTES_PER_ELEMENT, type DType } from "@tributary/program";
import type { Body, StorageId, Window } from "../ir.ts";
import type { Local } from "./assembler-function.ts";
import type { BodyAccess, KernelContext } from "./context.ts";
import { loadLanes, pushIndexLanes, storeLanes } from "./lanes.ts";

interface Place {
  readonly dtype: DType;
  readonly window: Window;
  /** Undefined for an index step: its local holds the integer itself. */
  readonly storage: StorageId | undefined;
  readonly pointer: Local;
  /** What one element counts for in the pointer: bytes, or 1 for an index. */
  readonly unit: number;
}

/** Writes the steps and stores of a body for `vectors` adjacent vectors; whatever it hoists was written before. */
export type EmitBody = (vectors: number, access: BodyAccess) => void;

/** Where the vectors of one emission of a body lie. */
export interface BodyRun {
  /** The axis of the body along which lanes are adjacent. */
  readonly axis: number;
  /** Elements from the pointers on; vectors are ceil(length / 4), the last one perhaps partial. */
  readonly length: number;
  /** Pushes result `number` of the kernel around the body, for adjacent vector `vector`. */
  readonly pushResult: (number: number, vector: number) => void;
}

/** One pointer for every load, index and store of a body, moved along by the loops of the kernel around it. */
export class BodyPointers {
  readonly #context: KernelContext;
  readonly #steps = new Map<number, Place>();
  readonly #stores: readonly Place[];

  /** Takes locals of the context's function; {@link start} gives them their values. */
  constructor(context: KernelContext, body: Body) {
    this.#context = context;
    const place = (dtype: DType, window: Window, storage?: StorageId): Place => ({
      dtype,
      window,
      storage,
      pointer: context.body.local("i32"),
      unit: storage === undefined ? 1 : BYTES_PER_ELEMENT[dtype],
    });
    body.steps.forEach((step, number) => {
      if (step.kind === "load") this.#steps.set(number, place(step.dtype, step.window, step.storage));
      if (step.kind === "index") this.#steps.set(number, place("int32", step.window));
    });
    this.#stores = body.stores.map((store) => place(body.steps[store.step].dtype, store.window, store.storage));
  }

  get #places(): readonly Place[] {
    return [...this.#steps.values(), ...this.#stores];
  }

  /** All pointers, in the order of {@link strides}. */
  get locals(): readonly Local[] {
    return this.#places.map((place) => place.pointer);
  }

  /** How far each pointer moves for one step along an axis of the body. */
  strides(axis: number): number[] {
    return this.#places.map((place) => place.window.strides[axis] * place.unit);
  }

  /** Points at element [0, 0, ...]. */
  start(): void {
    for (const place of this.#places) {
      if (place.storage === undefined) this.#context.body.i32(place.window.offset);
      else this.#context.pushAddress(place.storage, place.window.offset * place.unit);
      this.#context.body.set(place.pointer);
    }
  }

  /** Writes the body once, for `run.length` elements along `run.axis`. Pointers stay. */
  emit(emitBody: EmitBody, run: BodyRun): void {
    const code = this.#context.body;
    const lanes = (place: Place, vector: number) => ({
      dtype: place.dtype,
      stride: place.window.strides[run.axis],
      vector,
      count: Math.min(4, run.length - vector * 4),
    });
    const access: BodyAccess = {
      load: (step, vector) => {
        const place = this.#step(step);
        loadLanes(code, place.pointer, lanes(place, vector));
      },
      index: (step, vector) => {
        const place = this.#step(step);
        pushIndexLanes(code, place.pointer, lanes(place, vector));
      },
      result: run.pushResult,
      store: (store, vector, value) => {
        const place = this.#stores[store];
        storeLanes(code, place.pointer, value, lanes(place, vector));
      },
    };
    emitBody(Math.ceil(run.length / 4), access);
  }

  #step(number: number): Place {
    const place = this.#steps.get(number);
    if (place === undefined) throw new Error(`Step ${number} of the body is neither a load nor an index`);
    return place;
  }
}

import type { DType, Shape } from "@tributary/program";
import type { Body, ContractKernel, Place, Step, StorageId, View, Window } from "../../ir.ts";
import { isDense } from "../../window.ts";
import type { ChainDigit, GpuStorages } from "../kernel-code.ts";
import { keptAxes, type LeafKernel } from "./loop-space.ts";
import type { Cut } from "./partition.ts";

/** What is left of an axis in one part: coordinates that are `factor` of the old ones apart. */
interface Rest {
  readonly size: number;
  readonly factor: number;
}

/** Storages that move with the digits of a chain. */
export class MovingStorages {
  readonly digits: readonly ChainDigit[];
  readonly #storages: GpuStorages;
  readonly #known = new Map<string, StorageId>();
  #numbers: StorageId | null = null;

  constructor(storages: GpuStorages, digits: readonly ChainDigit[]) {
    this.#storages = storages;
    this.digits = digits;
  }

  /** The part's own of a storage: each digit moves it by its stride. */
  moved(storage: StorageId, strides: readonly number[]): StorageId {
    if (strides.every((stride) => stride === 0)) return storage;
    const key = [storage, ...strides].join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { dtype, length } = this.#storages.all[storage];
    let moved = storage;
    for (const [position, stride] of strides.entries()) {
      if (stride === 0) continue;
      const place: Place = { kind: "turn", storage: moved, offset: 0, stride, loop: this.digits[position].loop };
      moved = this.#storages.add({ dtype, length, place });
    }
    this.#known.set(key, moved);
    return moved;
  }

  /** A storage whose first element is a digit's value, int32. */
  number(digit: number): StorageId {
    const strides = this.digits.map((_, position) => (position === digit ? 1 : 0));
    return this.moved(this.#table(), strides);
  }

  /** The numbers that digits are looked up in, if any is. */
  get numbers(): StorageId | null {
    return this.#numbers;
  }

  #table(): StorageId {
    const length = Math.max(...this.digits.map(({ size }) => size));
    const values = Array.from({ length }, (_, value) => value);
    this.#numbers ??= this.#storages.add({ dtype: "int32", length, place: { kind: "constant", values } });
    return this.#numbers;
  }
}

/**
 * A kernel for one part, or null where its form cannot say what is left of it.
 * @param axes of the kernel's loop space
 * @param cuts one for each digit
 */
export function partKernel(
  storages: MovingStorages,
  kernel: LeafKernel,
  axes: Shape,
  cuts: readonly Cut[],
): LeafKernel | null {
  const part = new KernelPart(storages, axes, cuts);
  switch (kernel.kind) {
    case "map":
      return { ...kernel, body: part.body(kernel.body, part.all) };
    case "reduce": {
      const { prologue, epilogue } = kernel;
      const kept = keptAxes(prologue.shape, kernel.axes);
      const places = prologue.shape.map((_, axis) => (kernel.axes.includes(axis) ? null : kept.indexOf(axis)));
      return {
        ...kernel,
        prologue: part.body(prologue, places),
        axes: part.ownAxes(places),
        epilogue: part.body(epilogue, part.all),
      };
    }
    case "contract":
      return part.contract(kernel);
    case "pool": {
      const { x, values, indices } = kernel;
      const outputs = [values, indices].map((view) => (view === null ? null : part.leading(view)));
      if (!part.keepsAxes || !outputs.every((view) => view === null || isDense(view.shape, view))) return null;
      return { ...kernel, x: part.leading(x), values: outputs[0], indices: outputs[1] };
    }
    case "index": {
      const source = kernel.operation === "take" ? kernel.source : part.leading(kernel.source);
      const [index, output] = [part.leading(kernel.index), part.leading(kernel.output)];
      const dense = [source, index, output].every((view) => isDense(view.shape, view));
      return part.keepsAxes && dense ? { ...kernel, source, index, output } : null;
    }
    case "rows": {
      const inputs = kernel.inputs.map((view) => part.leading(view));
      const output = part.leading(kernel.output);
      const dense = [...inputs, output].every((view) => isDense(view.shape, view));
      return part.keepsAxes && dense ? { ...kernel, inputs, output } : null;
    }
    default:
      return kernel satisfies never;
  }
}

class KernelPart {
  readonly #storages: MovingStorages;
  readonly #cuts: readonly Cut[];
  readonly #rests: readonly (readonly Rest[])[];

  constructor(storages: MovingStorages, axes: Shape, cuts: readonly Cut[]) {
    this.#storages = storages;
    this.#cuts = cuts;
    this.#rests = axes.map((size, axis) => restOf(size, axis, storages.digits, cuts));
  }

  /** All axes of the space, in order. */
  get all(): number[] {
    return this.#rests.map((_, axis) => axis);
  }

  /** Whether every axis is one axis still. */
  get keepsAxes(): boolean {
    return this.#rests.every((rest) => rest.length === 1);
  }

  /** Which axes of a window are its own, when axes of the space have been divided. */
  ownAxes(places: readonly (number | null)[]): number[] {
    const own = places.flatMap((place) => (place === null ? [true] : this.#rests[place].map(() => false)));
    return own.flatMap((is, axis) => (is ? [axis] : []));
  }

  /** A view whose first axes are the space's. */
  leading(view: View): View {
    const places = view.shape.map((_, axis) => (axis < this.#rests.length ? axis : null));
    return this.#view(view, places);
  }

  body(body: Body, places: readonly (number | null)[]): Body {
    const steps: Step[] = [];
    const numbers: number[] = [];
    for (const step of body.steps) numbers.push(this.#step(step, places, steps, numbers));
    return {
      shape: this.#shape(body.shape, places),
      steps,
      stores: body.stores.map(({ step, storage, window }) => ({
        step: numbers[step],
        storage: this.#moved(storage, window, places),
        window: this.#window(window, places),
      })),
    };
  }

  /** M and N stay one axis each; batch axes of one product vanish. */
  contract(kernel: ContractKernel): ContractKernel | null {
    const { contraction, a, b, epilogue } = kernel;
    if (contraction.operation !== "matmul") {
      if (!this.keepsAxes) return null;
      const places = epilogue.shape.map((_, axis) => (axis < this.#rests.length ? axis : null));
      return { ...kernel, a: this.leading(a), epilogue: this.body(epilogue, places) };
    }
    const rank = epilogue.shape.length;
    if (this.#rests.slice(-2).some((rest) => rest.length !== 1)) return null;
    const batch = this.all.slice(0, -2);
    const divided = {
      a: this.#view(a, [...batch, rank - 2, null]),
      b: this.#view(b, [...batch, null, rank - 1]),
      epilogue: this.body(epilogue, this.all),
    };
    const { shape } = divided.epilogue;
    const kept = shape.flatMap((size, axis) => (size > 1 || axis >= shape.length - 2 ? [axis] : []));
    const pick = <T>(list: readonly T[]): T[] => kept.map((axis) => list[axis]);
    const pickView = (view: View): View => ({ ...view, shape: pick(view.shape), strides: pick(view.strides) });
    const pickWindow = ({ offset, strides }: Window): Window => ({ offset, strides: pick(strides) });
    const picked: Body = {
      shape: pick(shape),
      steps: divided.epilogue.steps.map((step) =>
        step.kind === "load" || step.kind === "index" ? { ...step, window: pickWindow(step.window) } : step,
      ),
      stores: divided.epilogue.stores.map((store) => ({ ...store, window: pickWindow(store.window) })),
    };
    return { ...kernel, a: pickView(divided.a), b: pickView(divided.b), epilogue: picked };
  }

  #view(view: View, places: readonly (number | null)[]): View {
    return {
      storage: this.#moved(view.storage, view, places),
      shape: this.#shape(view.shape, places),
      ...this.#window(view, places),
    };
  }

  #shape(shape: Shape, places: readonly (number | null)[]): number[] {
    return places.flatMap((place, axis) =>
      place === null ? [shape[axis]] : this.#rests[place].map(({ size }) => size),
    );
  }

  #window({ offset, strides }: Window, places: readonly (number | null)[]): Window {
    const divided = places.flatMap((place, axis) =>
      place === null ? [strides[axis]] : this.#rests[place].map(({ factor }) => strides[axis] * factor),
    );
    return { offset, strides: divided };
  }

  /** By how much each digit moves a window. */
  #digitStrides({ strides }: Window, places: readonly (number | null)[]): number[] {
    return this.#cuts.map(({ axis, inner }) => {
      const own = places.indexOf(axis);
      return own < 0 ? 0 : strides[own] * inner;
    });
  }

  #moved(storage: StorageId, window: Window, places: readonly (number | null)[]): StorageId {
    return this.#storages.moved(storage, this.#digitStrides(window, places));
  }

  /** Adds a step for one part. @returns its number */
  #step(step: Step, places: readonly (number | null)[], steps: Step[], numbers: readonly number[]): number {
    const add = (added: Step): number => steps.push(added) - 1;
    switch (step.kind) {
      case "load":
        return add({
          ...step,
          storage: this.#moved(step.storage, step.window, places),
          window: this.#window(step.window, places),
        });
      case "index": {
        let sum = add({ ...step, window: this.#window(step.window, places) });
        const { dtype } = step;
        const none = { offset: 0, strides: this.#window(step.window, places).strides.map(() => 0) };
        for (const [digit, stride] of this.#digitStrides(step.window, places).entries()) {
          if (stride === 0) continue;
          const number = add({ kind: "load", dtype, storage: this.#storages.number(digit), window: none });
          const factor = add({ kind: "constant", dtype, value: stride });
          const further = add(apply(dtype, "mul", number, factor));
          sum = add(apply(dtype, "add", sum, further));
        }
        return sum;
      }
      case "apply":
        return add({ ...step, arguments: step.arguments.map((argument) => numbers[argument]) });
      case "constant":
      case "result":
        return add(step);
      default:
        return step satisfies never;
    }
  }
}

function apply(dtype: DType, operation: "add" | "mul", a: number, b: number): Step {
  return { kind: "apply", dtype, operation, arguments: [a, b] };
}

/** What digits leave of an axis, outermost first; one element where they leave nothing. */
function restOf(size: number, axis: number, digits: readonly ChainDigit[], cuts: readonly Cut[]): Rest[] {
  const own = cuts
    .map((cut, digit) => ({ ...cut, size: digits[digit].size }))
    .filter((cut) => cut.axis === axis)
    .sort((a, b) => b.inner - a.inner);
  const rests: Rest[] = [];
  let left = size;
  for (const cut of own) {
    const span = cut.size * cut.inner;
    rests.push({ size: left / span, factor: span });
    left = cut.inner;
  }
  rests.push({ size: left, factor: 1 });
  const many = rests.filter((rest) => rest.size > 1);
  return many.length > 0 ? many : [{ size: 1, factor: 1 }];
}

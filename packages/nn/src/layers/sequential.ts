import type { Tensor } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { Module, type Named } from "../module.ts";
import { requireTensor } from "../tensor-result.ts";

/** Modules one after another. Their names are their numbers: "0.weight". */
export class Sequential extends Module implements Iterable<Module> {
  readonly #layers: readonly Module[];

  /** @throws NnError INVALID_OPTION */
  constructor(...layers: Module[]) {
    super();
    layers.forEach((layer: unknown, index) => {
      const [given, mustBe] = Array.isArray(layer)
        ? ["a list", "one Module: write three points before the list"]
        : [`of type ${typeof layer}`, "a Module"];
      requireOption(layer instanceof Module, "Sequential", `layer ${index}`, given, mustBe);
    });
    this.#layers = layers;
  }

  /** @throws NnError NOT_A_TENSOR */
  override forward(x: Tensor): Tensor {
    return this.#layers.reduce(
      (value, layer, index) => requireTensor(`Layer ${index} (${layer.constructor.name})`, layer.forward(value)),
      x,
    );
  }

  override namedChildren(): Named<Module>[] {
    return this.#layers.map((layer, index) => [String(index), layer]);
  }

  /** Number of modules. */
  get length(): number {
    return this.#layers.length;
  }

  /** The module at a place; negative places count from the end. */
  at(index: number): Module | undefined {
    return this.#layers.at(index);
  }

  /** The modules from `start` to before `end` as a Sequential of their own: the same modules, numbered from 0. */
  slice(start?: number, end?: number): Sequential {
    return new Sequential(...this.#layers.slice(start, end));
  }

  [Symbol.iterator](): Iterator<Module> {
    return this.#layers[Symbol.iterator]();
  }
}

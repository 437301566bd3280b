import type { Tensor } from "@tributary/autograd";
import { Module, type Named } from "../module.ts";

/** Modules one after another. Their names are their numbers: "0.weight". */
export class Sequential extends Module implements Iterable<Module> {
  readonly #layers: readonly Module[];

  constructor(...layers: Module[]) {
    super();
    this.#layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.#layers.reduce((value, layer) => layer.forward(value), x);
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

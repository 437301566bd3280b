import { BYTES_PER_ELEMENT } from "@tributary/program";
import type { StorageId } from "../ir.ts";
import type { Storages } from "../storages.ts";
import type { ArenaPlan, ConstantWords } from "./arena.ts";
import { wordBytes } from "./gpu-buffer.ts";

/** The buffers that a dispatch may use: banks of scratch memory, constants, and what is bound to the program's inputs and outputs. */
export type Memory =
  | { readonly kind: "arena"; readonly bank: number }
  | { readonly kind: "constants" }
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number };

/** How many elements share a 32-bit word: 1, 2 (float16) or 4 (uint8, bool). */
export type Packing = 1 | 2 | 4;

/** Where a storage that is no part of another lies. */
export interface Home {
  readonly memory: Memory;
  /** Element at which it begins. */
  readonly start: number;
  readonly packing: Packing;
  /** Bytes of the whole memory, in whole words. */
  readonly bytes: number;
}

/** Where every storage of a planned program lies. */
export class MemoryLayout {
  readonly #storages: Storages;
  readonly #arena: ArenaPlan;
  readonly #constants: ConstantWords;

  constructor(storages: Storages, arena: ArenaPlan, constants: ConstantWords) {
    this.#storages = storages;
    this.#arena = arena;
    this.#constants = constants;
  }

  /** @param root a storage whose place is no part of another and no carry */
  home(root: StorageId): Home {
    const { place, dtype, length } = this.#storages.get(root);
    switch (place.kind) {
      case "input":
      case "output":
        return {
          memory: place,
          start: 0,
          packing: packingOf(dtype),
          bytes: wordBytes(length * BYTES_PER_ELEMENT[dtype]),
        };
      case "constant": {
        const start = this.#constants.starts.get(root) ?? 0;
        return { memory: { kind: "constants" }, start, packing: 1, bytes: this.#constants.words.byteLength };
      }
      case "arena": {
        const { bank, word } = this.#arena.places.get(root) ?? { bank: 0, word: 0 };
        return { memory: { kind: "arena", bank }, start: word, packing: 1, bytes: this.#arena.banks[bank] };
      }
      case "alias":
      case "turn":
      case "carry":
        throw new Error(`Storage ${root} (${place.kind}) has no memory of its own`);
      default:
        return place satisfies never;
    }
  }
}

/** How the elements of a buffer that is bound to a program lie in its words. */
function packingOf(dtype: string): Packing {
  if (dtype === "float16") return 2;
  return dtype === "uint8" || dtype === "bool" ? 4 : 1;
}

/** The name of a memory in WGSL. */
export function memoryVariable(memory: Memory): string {
  switch (memory.kind) {
    case "input":
    case "output":
      return `${memory.kind}${memory.index}`;
    case "arena":
      return memory.bank === 0 ? "arena" : `arena${memory.bank}`;
    case "constants":
      return "constants";
    default:
      return memory satisfies never;
  }
}

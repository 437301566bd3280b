import { type DType, elementCount, type Shape } from "@tributary/program";
import type { Place, Storage, StorageId, View } from "./ir.ts";
import { denseWindow } from "./window.ts";

/** The storages of a program while it is lowered. */
export class Storages {
  readonly #storages: Storage[] = [];
  readonly #replaced = new Map<StorageId, StorageId>();

  /** A new storage. */
  add(dtype: DType, length: number, place: Place = { kind: "arena" }): StorageId {
    return this.#storages.push({ dtype, length, place }) - 1;
  }

  /** A new storage in the arena, seen as a dense tensor. */
  dense(dtype: DType, shape: Shape, place: Place = { kind: "arena" }): View {
    return { storage: this.add(dtype, elementCount(shape), place), shape, ...denseWindow(shape) };
  }

  get(storage: StorageId): Storage {
    return this.#storages[storage];
  }

  all(): readonly Storage[] {
    return this.#storages;
  }

  /** Changes where a storage lives. */
  move(storage: StorageId, place: Place): void {
    this.#storages[storage] = { ...this.#storages[storage], place };
  }

  /** How many storages there are: those added later have this number or a higher one. */
  get count(): number {
    return this.#storages.length;
  }

  /** Whether the storage is scratch memory of exactly so many elements that is to become no output yet. */
  isFree(storage: StorageId, length: number): boolean {
    const known = this.#storages[storage];
    return known.place.kind === "arena" && known.length === length && this.replaced(storage) === null;
  }

  /** Says that a storage would best be the memory of an input, whose old elements it overwrites. */
  replace(storage: StorageId, input: StorageId): void {
    this.#replaced.set(storage, input);
  }

  replaced(storage: StorageId): StorageId | null {
    return this.#replaced.get(this.root(storage)) ?? null;
  }

  /** The storage of which this one is a part, or itself. */
  root(storage: StorageId): StorageId {
    const { place } = this.#storages[storage];
    return place.kind === "alias" || place.kind === "turn" ? this.root(place.storage) : storage;
  }
}

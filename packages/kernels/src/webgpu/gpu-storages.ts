import type { Storage, StorageId } from "../ir.ts";
import { Storages } from "../storages.ts";
import type { GpuStorages } from "./kernel-code.ts";

/** The storages of a lowered program, while passes rewrite its kernels for the GPU. */
export class StorageTable implements GpuStorages {
  /** The same storages as kernel-access.ts knows them. */
  readonly storages = new Storages();
  #loops: number;

  constructor(storages: readonly Storage[]) {
    for (const { dtype, length, place } of storages) this.storages.add(dtype, length, place);
    const used = storages.flatMap(({ place }) => (place.kind === "turn" ? [place.loop] : []));
    this.#loops = Math.max(-1, ...used) + 1;
  }

  get all(): readonly Storage[] {
    return this.storages.all();
  }

  add({ dtype, length, place }: Pick<Storage, "dtype" | "length"> & Partial<Pick<Storage, "place">>): StorageId {
    return this.storages.add(dtype, length, place);
  }

  newLoop(): number {
    return this.#loops++;
  }
}

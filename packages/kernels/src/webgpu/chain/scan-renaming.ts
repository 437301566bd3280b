import type { ScanKernel, Storage, StorageId } from "../../ir.ts";
import type { GpuStorages } from "../kernel-code.ts";
import type { Renaming } from "./rename.ts";

/** Of a carry. */
export type CarryPlace = Extract<Storage["place"], { readonly kind: "carry" }>;
/** Of what moves with a scan's time. */
export type TurnPlace = Extract<Storage["place"], { readonly kind: "turn" }>;

/**
 * What a copy of some turns of a scan finds instead of what moves with the scan's time. Scans inside get carries of their own: those of two copies are two
 * scans.
 */
export abstract class ScanRenaming implements Renaming {
  protected readonly storages: GpuStorages;
  protected readonly scan: ScanKernel;
  readonly #known = new Map<StorageId, StorageId>();
  readonly #carries = new Map<number, number>();
  #nextCarry: number;

  constructor(storages: GpuStorages, scan: ScanKernel) {
    this.storages = storages;
    this.scan = scan;
    const used = storages.all.flatMap(({ place }) => (place.kind === "carry" ? [place.carry] : []));
    this.#nextCarry = 1 + used.reduce((most, carry) => Math.max(most, carry), -1);
  }

  /** Where the copy finds a side of a carry of the scan itself. */
  protected abstract ownCarry(storage: StorageId, place: CarryPlace): StorageId;

  /** The place of a storage that moves with the scan's time. @param inside the storage in which it moves */
  protected abstract ownTurn(place: TurnPlace, inside: StorageId): Storage["place"];

  storage(storage: StorageId): StorageId {
    const found = this.#known.get(storage) ?? this.#find(storage, this.storages.all[storage]);
    this.#known.set(storage, found);
    return found;
  }

  carry(carry: number): number {
    if (this.#isOwn(carry)) return carry;
    const found = this.#carries.get(carry) ?? this.#nextCarry++;
    this.#carries.set(carry, found);
    return found;
  }

  #isOwn(carry: number): boolean {
    return this.scan.carries.some((own) => own.carry === carry);
  }

  #find(storage: StorageId, { dtype, length, place }: Storage): StorageId {
    switch (place.kind) {
      case "carry": {
        if (this.#isOwn(place.carry)) return this.ownCarry(storage, place);
        return this.storages.add({ dtype, length, place: { ...place, carry: this.carry(place.carry) } });
      }
      case "alias":
      case "turn": {
        const inside = this.storage(place.storage);
        if (place.kind === "turn" && place.loop === this.scan.loop) {
          return this.storages.add({ dtype, length, place: this.ownTurn(place, inside) });
        }
        if (inside === place.storage) return storage;
        return this.storages.add({ dtype, length, place: { ...place, storage: inside } });
      }
      case "input":
      case "output":
      case "arena":
      case "constant":
        return storage;
      default:
        return place satisfies never;
    }
  }
}

import type { Kernel, ScanKernel, Storage, StorageId } from "../../ir.ts";
import type { GpuStorages } from "../kernel-code.ts";
import { type Renaming, renameStorages } from "./rename.ts";

/**
 * The kernels of all turns, one turn behind the other: what moved with the time lies where that turn finds it. Carries go as {@link ScanCarry} says, so that they need
 * not be normalised.
 */
export function unrollScan(storages: GpuStorages, scan: ScanKernel): readonly Kernel[] {
  const kernels: Kernel[] = [];
  for (let turn = 0; turn < scan.length; turn++) {
    const renaming = new TurnRenaming(storages, scan, turn);
    for (const kernel of scan.kernels) kernels.push(renameStorages(kernel, renaming));
  }
  return kernels;
}

/** What a turn finds instead of what moves. Scans inside get carries of their own: two turns' are two scans. */
class TurnRenaming implements Renaming {
  readonly #storages: GpuStorages;
  readonly #scan: ScanKernel;
  readonly #turn: number;
  readonly #known = new Map<StorageId, StorageId>();
  readonly #carries = new Map<number, number>();
  #nextCarry: number;

  constructor(storages: GpuStorages, scan: ScanKernel, turn: number) {
    this.#storages = storages;
    this.#scan = scan;
    this.#turn = turn;
    this.#nextCarry =
      1 + Math.max(-1, ...storages.all.flatMap(({ place }) => (place.kind === "carry" ? [place.carry] : [])));
  }

  storage(storage: StorageId): StorageId {
    const found = this.#known.get(storage) ?? this.#find(storage, this.#storages.all[storage]);
    this.#known.set(storage, found);
    return found;
  }

  carry(carry: number): number {
    const found = this.#carries.get(carry) ?? this.#nextCarry++;
    this.#carries.set(carry, found);
    return found;
  }

  #find(storage: StorageId, { dtype, length, place }: Storage): StorageId {
    switch (place.kind) {
      case "carry":
        return (
          this.#own(place.carry, place.side) ??
          this.#storages.add({
            dtype,
            length,
            place: { ...place, carry: this.carry(place.carry) },
          })
        );
      case "alias":
      case "turn": {
        const inside = this.storage(place.storage);
        if (place.kind === "turn" && place.loop === this.#scan.loop) {
          const time = this.#scan.reverse ? this.#scan.length - 1 - this.#turn : this.#turn;
          const offset = place.offset + time * place.stride;
          return this.#storages.add({ dtype, length, place: { kind: "alias", storage: inside, offset } });
        }
        if (inside === place.storage) return storage;
        return this.#storages.add({ dtype, length, place: { ...place, storage: inside } });
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

  /** Where the turn reads or writes a carry of its scan; null for a carry of a scan inside. */
  #own(number: number, side: "read" | "write"): StorageId | null {
    const carry = this.#scan.carries.find((candidate) => candidate.carry === number);
    if (carry === undefined) return null;
    const { initial, last, other } = carry;
    const written = (turn: number): StorageId => ((this.#scan.length - 1 - turn) % 2 === 0 ? last : other);
    if (side === "write") return written(this.#turn);
    return this.#turn === 0 ? initial : written(this.#turn - 1);
  }
}

import type { Kernel, ScanKernel, Storage, StorageId } from "../../ir.ts";
import type { GpuStorages } from "../kernel-code.ts";
import { renameStorages } from "./rename.ts";
import { type CarryPlace, ScanRenaming, type TurnPlace } from "./scan-renaming.ts";

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

/** What a turn finds instead of what moves. */
class TurnRenaming extends ScanRenaming {
  readonly #turn: number;

  constructor(storages: GpuStorages, scan: ScanKernel, turn: number) {
    super(storages, scan);
    this.#turn = turn;
  }

  protected override ownTurn({ offset, stride }: TurnPlace, inside: StorageId): Storage["place"] {
    const time = this.scan.reverse ? this.scan.length - 1 - this.#turn : this.#turn;
    return { kind: "alias", storage: inside, offset: offset + time * stride };
  }

  protected override ownCarry(_: StorageId, { carry: number, side }: CarryPlace): StorageId {
    const carry = this.scan.carries.find((candidate) => candidate.carry === number);
    if (carry === undefined) throw new Error(`The scan has no carry ${number}`);
    const { initial, last, other } = carry;
    const written = (turn: number): StorageId => ((this.scan.length - 1 - turn) % 2 === 0 ? last : other);
    if (side === "write") return written(this.#turn);
    return this.#turn === 0 ? initial : written(this.#turn - 1);
  }
}

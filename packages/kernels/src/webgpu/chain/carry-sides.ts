import type { ScanKernel, StorageId } from "../../ir.ts";

/** The two storages between which a carry alternates. */
export interface CarrySides {
  /** What turns 0, 2, 4, ... read and the others write. */
  readonly even: StorageId;
  /** What turns 1, 3, 5, ... read and the others write. */
  readonly odd: StorageId;
}

/**
 * Where a carry of a normalised scan lies. Turn n (counted from 0, however time runs) reads one side and writes the other, so that turn 0 reads the even side,
 * which holds the initial value then: {@link ScanCarry.initial} is the even side. The last turn writes the odd side after an odd number of turns and the
 * even side after an even number: {@link ScanCarry.last} is the odd side or the same storage as `initial`, and `other` is the one that `last` is not.
 */
export function carrySides({ carries, loop }: ScanKernel, number: number): CarrySides {
  const carry = carries.find((candidate) => candidate.carry === number);
  if (carry === undefined) throw new Error(`Scan ${loop} has no carry ${number}`);
  const { initial, last, other } = carry;
  return { even: initial, odd: last === initial ? other : last };
}

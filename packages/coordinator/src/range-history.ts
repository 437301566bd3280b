import type { WorkerId } from "@tributary/protocol";
import { REFUSED_WORKERS_MAX } from "./limits.ts";

/** What happened to a range before: who gave it back, and who failed on it. */
export interface RangeHistory {
  readonly releasedBy: WorkerId;
  readonly releasedMs: number;
  /** Workers whose contributions for it were not usable; the latest {@link REFUSED_WORKERS_MAX}. */
  readonly refusedBy: readonly WorkerId[];
  readonly refusals: number;
}

/** Who gives a range back, when, and whether because it could not be computed. */
export interface Release {
  readonly worker: WorkerId;
  readonly nowMs: number;
  readonly refused: boolean;
}

/** The history of a range that is given back. */
export function extendHistory(history: RangeHistory | null, { worker, nowMs, refused }: Release): RangeHistory {
  const refusedBy = history?.refusedBy ?? [];
  return {
    releasedBy: worker,
    releasedMs: nowMs,
    refusedBy: refused && !refusedBy.includes(worker) ? [...refusedBy, worker].slice(-REFUSED_WORKERS_MAX) : refusedBy,
    refusals: (history?.refusals ?? 0) + (refused ? 1 : 0),
  };
}

/** Whether two neighbouring ranges may be joined: the same happened to both, and nobody failed on either. */
export function sameHistory(a: RangeHistory | null, b: RangeHistory | null): boolean {
  if (a === null || b === null) return a === b;
  return a.releasedBy === b.releasedBy && a.releasedMs === b.releasedMs && a.refusals === 0 && b.refusals === 0;
}

import type { WatchedWorker } from "@tributary/protocol";

/** What the table of workers can be sorted by. */
export type WorkerSortKey = "name" | "state" | "device" | "rate" | "roundTrip" | "traffic" | "lag" | "work" | "seen";

/** Which column, and which way. */
export interface WorkerSort {
  readonly key: WorkerSortKey;
  readonly direction: "ascending" | "descending";
}

/** States from the one that most needs a look to the one that least does. */
const STATE_ORDER: readonly WatchedWorker["state"][] = ["slow", "active", "waiting", "joining", "lost", "left"];

const WORKER_VALUES: Readonly<Record<WorkerSortKey, (worker: WatchedWorker) => number | string>> = {
  name: (worker) => worker.name,
  state: (worker) => STATE_ORDER.indexOf(worker.state),
  device: (worker) => `${worker.backend} ${worker.adapter ?? ""}`,
  rate: (worker) => worker.samplesPerSecond,
  roundTrip: (worker) => worker.roundTripMilliseconds ?? Number.POSITIVE_INFINITY,
  traffic: (worker) => worker.bytesIn + worker.bytesOut,
  lag: (worker) => worker.lag ?? Number.POSITIVE_INFINITY,
  work: (worker) => worker.accepted,
  seen: (worker) => worker.silentMilliseconds,
};

/** Whether a worker is connected. */
export function isThere(worker: WatchedWorker): boolean {
  return worker.state !== "lost" && worker.state !== "left";
}

/** The rows in order: those who are there first, whatever the column; equals by their id, so that rows do not jump. */
export function sortedWorkers(
  workers: readonly WatchedWorker[],
  { key, direction }: WorkerSort,
): readonly WatchedWorker[] {
  const value = WORKER_VALUES[key];
  const sign = direction === "ascending" ? 1 : -1;
  return workers.toSorted(
    (a, b) => Number(isThere(b)) - Number(isThere(a)) || sign * compared(value(a), value(b)) || compared(a.id, b.id),
  );
}

function compared(a: number | string, b: number | string): number {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b, "en", { numeric: true });
  return a < b ? -1 : Number(a > b);
}

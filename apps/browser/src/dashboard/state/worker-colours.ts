import type { WatchedWorker } from "@tributary/protocol";

/** Workers that have a colour of their own; the others share one. */
export const COLOUR_SLOTS = 7;

/** Place n: id of the worker that has colour n, or null. A worker keeps its colour as long as it is there. */
export type WorkerColours = readonly (string | null)[];

/** Nobody has a colour. */
export const NO_COLOURS: WorkerColours = Array.from({ length: COLOUR_SLOTS }, () => null);

/** Place n: name of whoever has colour n; empty for nobody. It stays when that worker is forgotten: its part of a chart stays too. */
export type ColourNames = readonly string[];

/** Nobody has a name. */
export const NO_NAMES: ColourNames = NO_COLOURS.map(() => "");

/** Whether a worker still takes part. */
export const isThere = (worker: WatchedWorker) => worker.state !== "lost" && worker.state !== "left";

/** Takes the colours of those who went only when somebody else needs one, so that their part of a chart stays as it was. */
export function assignColours(colours: WorkerColours, workers: readonly WatchedWorker[]): WorkerColours {
  const there = new Set(workers.filter(isThere).map((worker) => worker.id));
  const without = workers.filter((worker) => isThere(worker) && !colours.includes(worker.id));
  if (without.length === 0) return colours;
  const slots = [...colours];
  for (const { id } of without) {
    const unused = slots.indexOf(null);
    const free = unused >= 0 ? unused : slots.findIndex((holder) => holder !== null && !there.has(holder));
    if (free < 0) break;
    slots[free] = id;
  }
  return slots;
}

/** The names for new colours; the same array where nothing is new. */
export function nameColours(
  names: ColourNames,
  colours: WorkerColours,
  workers: readonly WatchedWorker[],
): ColourNames {
  const byId = new Map(workers.map(({ id, name }) => [id, name]));
  const now = names.map((name, slot) => byId.get(colours[slot] ?? "") ?? name);
  return now.every((name, slot) => name === names[slot]) ? names : now;
}

import type { ThroughputPoint } from "@tributary/protocol";
import type { WorkerColours } from "../state/worker-colours.ts";

/** The stacked columns of the throughput chart. */
export interface ThroughputData {
  readonly seconds: readonly number[];
  /** Column n: samples a second of the workers with colours 0 ... n together. The last column: everybody. */
  readonly stacked: readonly (readonly number[])[];
}

/** Adds the workers' throughput up, colour by colour; those without a colour come last. */
export function throughputData(points: readonly ThroughputPoint[], colours: WorkerColours): ThroughputData {
  const stacked: number[][] = [...colours, null].map(() => []);
  for (const point of points) {
    let sum = 0;
    colours.forEach((id, slot) => {
      sum += id === null ? 0 : (point.byWorker[id] ?? 0);
      stacked[slot]?.push(sum);
    });
    stacked[colours.length]?.push(Math.max(sum, point.total));
  }
  return { seconds: points.map((point) => point.seconds), stacked };
}

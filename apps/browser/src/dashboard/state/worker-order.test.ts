import type { WatchedWorker } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { someWorker as worker } from "../testing/watched-figures.ts";
import { sortedWorkers } from "./worker-order.ts";

const ids = (workers: readonly WatchedWorker[]) => workers.map(({ id }) => id).join(" ");

describe("the table of workers", () => {
  it("sorts names as people do", () => {
    const workers = [worker("tab 10"), worker("tab 9"), worker("atlas")];
    expect(ids(sortedWorkers(workers, { key: "name", direction: "ascending" }))).toBe("atlas tab 9 tab 10");
  });

  it("keeps those who went at its end, whichever way it is sorted", () => {
    const workers = [
      worker("a", { state: "lost", samplesPerSecond: 9 }),
      worker("b", { samplesPerSecond: 1 }),
      worker("c", { samplesPerSecond: 5 }),
    ];
    expect(ids(sortedWorkers(workers, { key: "rate", direction: "descending" }))).toBe("c b a");
    expect(ids(sortedWorkers(workers, { key: "rate", direction: "ascending" }))).toBe("b c a");
  });

  it("takes what is not known for the most, and leaves equals in one order", () => {
    const workers = [worker("c"), worker("b", { roundTripMilliseconds: 4 }), worker("a")];
    expect(ids(sortedWorkers(workers, { key: "roundTrip", direction: "ascending" }))).toBe("b a c");
  });
});

import type { RunEvent } from "@tributary/program";
import type { WatchedWorker } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { RunFeed } from "./run-feed.ts";
import { WorkerRows } from "./worker-rows.ts";

const STEP = {
  event: "step",
  step: 3,
  epoch: 1,
  samples: 96,
  loss: 0.5,
  samplesPerSecond: 10,
  workers: 1,
  gradientNorm: Number.NaN,
  trainAccuracy: 0.75,
  trainOther: 7,
} as const satisfies RunEvent;

const EPOCH = { event: "epoch", epoch: 1, trainLoss: 0.5, testLoss: 0.25, testAccuracy: 0.875, seconds: 2 } as const;

/** What is shown for the ids a, b and c: the first digits of their SHA-256, as sha256sum prints them. */
const SHOWN = { a: "wca978112ca1bbdca", b: "w3e23e8160039594a", c: "w2e7d2c03a9507ae2" };

describe("RunFeed", () => {
  it("[feed] makes a point of every step: the run's metrics by name, what is not finite as null", () => {
    const feed = new RunFeed(["accuracy"], null);
    feed.onEvent(STEP, 1.234_56, 0);
    expect(feed.steps.all).toEqual([
      { step: 3, samples: 96, seconds: 1.235, loss: 0.5, gradientNorm: null, metrics: { accuracy: 0.75 } },
    ]);
  });

  it("[feed] makes a point and a line of every epoch", () => {
    const feed = new RunFeed(["accuracy"], null);
    feed.onEvent(STEP, 1, 0);
    feed.onEvent(EPOCH, 2, 1_000);
    expect(feed.epochs.all).toEqual([
      {
        ...{ epoch: 1, step: 3, seconds: 2, trainLoss: 0.5, testLoss: 0.25 },
        ...{ trainMetrics: {}, testMetrics: { accuracy: 0.875 } },
      },
    ]);
    const text = "Epoch 1 in 2.0 s: training loss 0.5; test loss 0.25, accuracy 0.875";
    expect(feed.events.all).toEqual([{ id: 1, time: 1_000, level: "info", kind: "epoch", text }]);
  });

  it("[feed] takes the table of a metric that counts the test data, and no other", () => {
    const feed = new RunFeed([], 2);
    feed.onEvent(STEP, 1, 0);
    feed.onEvent(
      {
        ...EPOCH,
        counts: {
          trainTable: [
            [1, 2],
            [3, 4],
          ],
          testWide: [[1, 2, 3]],
        },
      },
      2,
      0,
    );
    expect(feed.confusion).toBeNull();
    feed.onEvent(
      {
        ...EPOCH,
        counts: {
          testTable: [
            [5, 1],
            [0, 4],
          ],
        },
      },
      2,
      0,
    );
    expect(feed.confusion).toEqual({
      step: 3,
      counts: [
        [5, 1],
        [0, 4],
      ],
      samples: 10,
    });
    expect([feed.confusions, feed.countsItself]).toEqual([1, true]);
  });

  it("[feed] tells how fast the run and each worker are", () => {
    const feed = new RunFeed([], null);
    const commit = (worker: string, start: number, end: number) => ({ lease: 1, worker, start, end });
    feed.onRecord({ commits: [commit("a", 0, 10)] });
    feed.readRates(1, 1_000);
    feed.onRecord({ commits: [commit("a", 10, 40), commit("b", 40, 60)] });
    feed.readRates(2, 2_000);
    // b is new: its first reading is no rate yet.
    expect(feed.throughput.all.at(-1)).toEqual({ seconds: 2, total: 50, byWorker: { [SHOWN.a]: 30 } });
    expect(feed.samples.get("b")).toBe(20);
    feed.keepOnly(new Set(["b"]));
    expect([feed.samples.get("a"), feed.samplesPerSecond()]).toEqual([undefined, 50]);
  });
});

describe("WorkerRows", () => {
  const view = (id: string, name: string) => ({
    ...({ id, name, kind: "node", backend: "wasm", adapter: null, threads: 1, codec: "float32" } as const),
    ...({ state: "active", lag: 0, accepted: 1, rejected: 0, stale: 0 } as const),
  });
  const link = (bytesIn: number, heardMs: number) => ({ bytesIn, bytesOut: 5, roundTripMilliseconds: 1.23, heardMs });
  const short = (rows: readonly WatchedWorker[]) =>
    rows.map(({ id, state, silentMilliseconds }) => [id, state, silentMilliseconds]);

  it("[rows] put together what the machine and the sockets know", () => {
    const rows = new WorkerRows(new RunFeed([], null));
    rows.readRates(new Map([["a", link(0, 0)]]), 0);
    rows.readRates(new Map([["a", link(3_000, 900)]]), 1_000);
    rows.look([view("a", "Ada")], new Map([["a", link(3_000, 900)]]), 1_000);
    expect(rows.rows(1_000)).toEqual([
      {
        ...view(SHOWN.a, "Ada"),
        ...{ roundTripMilliseconds: 1.2, silentMilliseconds: 100, bytesIn: 3_000, bytesOut: 5 },
        ...{ bytesInPerSecond: 3_000, bytesOutPerSecond: 0, samplesPerSecond: 0, samples: 0 },
      },
    ]);
  });

  it("[rows] those who went stay behind those who are there, until they come back under the same name", () => {
    const rows = new WorkerRows(new RunFeed([], null));
    rows.look([view("a", "Ada"), view("b", "Bob")], new Map([["a", link(1, 500)]]), 1_000);
    rows.onGone("a", "lost", 1_000);
    expect(short(rows.rows(3_000))).toEqual([
      [SHOWN.b, "active", 0],
      [SHOWN.a, "lost", 2_500],
    ]);
    rows.onJoined("Ada");
    rows.look([view("b", "Bob"), view("c", "Ada")], new Map(), 3_000);
    expect(short(rows.rows(3_000)).map(([id]) => id)).toEqual([SHOWN.b, SHOWN.c]);
  });

  it("[rows] are bounded: of those who went the latest 32 stay", () => {
    const rows = new WorkerRows(new RunFeed([], null));
    for (let index = 0; index < 100; index += 1) {
      rows.look([view(`w${index}`, `name ${index}`)], new Map(), 0);
      rows.onGone(`w${index}`, "left", 0);
    }
    rows.look([], new Map(), 0);
    expect(rows.rows(0)).toHaveLength(32);
    expect(rows.rows(0)[0]?.name).toBe("name 99");
  });
});

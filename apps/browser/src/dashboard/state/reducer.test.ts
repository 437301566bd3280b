import type { WatchedEvent, WatchMessage } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { someRun, someSnapshot, someStep, someUpdate, someWorker } from "../testing/watched-figures.ts";
import { type DashboardState, INITIAL_STATE } from "./dashboard-state.ts";
import { reduce } from "./reducer.ts";

type News = Extract<WatchMessage, { type: "snapshot" | "update" }>;

const after = (messages: readonly News[], from: DashboardState = INITIAL_STATE) =>
  messages.reduce((state, message) => reduce(state, { type: "message", message }), from);

const stepsOf = (state: DashboardState) => state.watched?.steps.points.map(({ step }) => step);
const steps = (...numbers: number[]) => numbers.map(someStep);
const epoch = (number: number, step: number) => ({
  epoch: number,
  step,
  seconds: step,
  trainLoss: 1,
  testLoss: 1,
  trainMetrics: {},
  testMetrics: {},
});
const line = (id: number): WatchedEvent => ({ id, time: id, level: "info", kind: "worker", text: "" });

describe("what is known of a run", () => {
  it("is nothing before the first snapshot: an update alone says not of which run it is", () => {
    expect(after([someUpdate(3)]).watched).toBeNull();
  });

  it("begins with a snapshot and grows with updates", () => {
    const state = after([
      someSnapshot(2, { steps: steps(1, 2), events: [line(0)] }),
      someUpdate(4, { steps: steps(3, 4), events: [line(1)], epochs: [epoch(1, 4)], workers: [someWorker("a")] }),
    ]);
    expect(stepsOf(state)).toEqual([1, 2, 3, 4]);
    expect(state.watched?.events.map(({ id }) => id)).toEqual([0, 1]);
    expect(state.watched?.epochs.length).toBe(1);
    expect(state.watched?.progress.step).toBe(4);
    expect(state.watched?.colours[0]).toBe("a");
  });

  it("takes nothing twice", () => {
    const update = someUpdate(2, {
      steps: steps(2),
      events: [line(1)],
      epochs: [epoch(1, 2)],
      throughput: [{ seconds: 1, total: 1, byWorker: {} }],
    });
    const watched = after([someSnapshot(1, { steps: steps(1), events: [line(0)] }), update, update]).watched;
    expect(watched?.steps.points.length).toBe(2);
    expect([watched?.events.length, watched?.epochs.length, watched?.throughput.length]).toEqual([2, 1, 1]);
  });

  it("keeps the confusion matrix until there is a newer one, and what did not change as the same object", () => {
    const confusion = { step: 1, counts: [[1]], samples: 1 };
    const before = after([someSnapshot(1, { confusion })]);
    const state = after([someUpdate(2)], before);
    expect(state.watched?.confusion).toBe(confusion);
    expect(state.watched?.events).toBe(before.watched?.events);
    expect(state.watched?.steps).toBe(before.watched?.steps);
  });

  it("is bounded", () => {
    const events = Array.from({ length: 150 }, (_, index) => line(index));
    const later = Array.from({ length: 150 }, (_, index) => line(150 + index));
    const watched = after([someSnapshot(1, { events }), someUpdate(2, { events: later })]).watched;
    expect(watched?.events.length).toBe(200);
    expect(watched?.events.at(-1)?.id).toBe(299);
  });
});

describe("a connection that is lost", () => {
  const link = { state: "lost", attempts: 1, retryMilliseconds: 100, everOpen: true } as const;

  it("leaves everything as it was", () => {
    const before = after([someSnapshot(2, { steps: steps(1, 2) })]);
    const state = reduce(before, { type: "link", link });
    expect(state).toEqual({ link, watched: before.watched });
  });

  it("keeps the finer curve when the coordinator's snapshot is thinner", () => {
    const state = after([someSnapshot(3, { steps: steps(1, 2, 3) }), someSnapshot(5, { steps: steps(1, 3, 5) })]);
    expect(stepsOf(state)).toEqual([1, 2, 3, 5]);
  });

  it("forgets what a coordinator that was started again does again from its checkpoint", () => {
    const resumed = someSnapshot(3, { run: someRun({ startedAt: 9 }), steps: steps(3) });
    const first = someSnapshot(4, { steps: steps(1, 2, 3, 4), epochs: [epoch(1, 2), epoch(2, 4)], events: [line(7)] });
    const state = after([first, resumed]);
    expect(stepsOf(state)).toEqual([1, 2, 3]);
    expect(state.watched?.epochs.map((one) => one.epoch)).toEqual([1]);
    expect(state.watched?.events).toEqual([]);
  });

  it("begins anew when another run answers", () => {
    const state = after([
      someSnapshot(2, { steps: steps(1, 2) }),
      someSnapshot(1, { run: someRun({ id: "other" }), steps: steps(1) }),
    ]);
    expect(stepsOf(state)).toEqual([1]);
  });
});

import type { WatchMessage } from "@tributary/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ComputeLink } from "../compute/compute-link.ts";
import { ModelViewer } from "./model-viewer.ts";

const SETUP = {
  predict: new Uint8Array(0),
  activations: new Uint8Array(0),
  fields: [{ name: "inputs", dtype: "uint8", shape: [2] }],
  shards: [],
  samples: 2,
  classes: 2,
  activationBytesMax: 1_024,
} as const;

beforeEach(() => {
  // Rests behind looks are timers.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything that is ready to happen, happen, and rests pass. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
  vi.advanceTimersByTime(1_000);
  for (let turn = 0; turn < 50; turn++) await null;
}

/** A viewer of a model whose looks are answered with these. */
function bench(answers: Readonly<Record<string, () => unknown>>) {
  const asked: string[] = [];
  // The fake answers each request with that request's own output; the type of its name is lost on the way.
  const request = (async (name: string) => {
    asked.push(name);
    return answers[name]?.() ?? null;
  }) as ComputeLink["request"];
  const sent: WatchMessage[] = [];
  const viewer = { id: 1, keepsUp: true, send: (message: WatchMessage) => void sent.push(message) };
  const desk = new ModelViewer({ request }, SETUP, () => {});
  const follow = (number: number, sample: number | null) =>
    desk.serve(viewer, { type: "follow", request: number, source: sample === null ? null : { sample } });
  const sets = () => sent.flatMap((message) => (message.type === "activations" ? [message.request] : []));
  return { desk, viewer, asked, sent, follow, sets };
}

describe("a sample that is followed", () => {
  let step = 1;
  const activations = () => ({ step, layers: [], probabilities: null });

  beforeEach(() => {
    step = 1;
  });

  it("[W5] comes at once, and again when the model is another one", async () => {
    const { desk, follow, sets } = bench({ activations });
    follow(1, 0);
    await settle();
    desk.tick(1);
    await settle();
    expect(sets()).toEqual([1]);
    step = 2;
    desk.tick(2);
    await settle();
    expect(sets()).toEqual([1, 1]);
  });

  it("[W5] does not come to whoever has not read what was sent before, until that is read", async () => {
    const { desk, viewer, follow, sets, asked } = bench({ activations });
    follow(1, 0);
    await settle();
    viewer.keepsUp = false;
    desk.tick(2);
    await settle();
    expect(asked).toEqual(["openInspection", "activations"]);
    viewer.keepsUp = true;
    desk.tick(2);
    await settle();
    expect(sets()).toEqual([1, 1]);
  });

  it("[W5] does not come any more once another is followed, or none, also where it was looked for already", async () => {
    const looks: PromiseWithResolvers<unknown>[] = [];
    const { desk, follow, sets } = bench({
      activations: () => {
        const look = Promise.withResolvers<unknown>();
        looks.push(look);
        return look.promise;
      },
    });
    follow(1, 0);
    await settle();
    follow(2, 1);
    looks[0]?.resolve(activations());
    await settle();
    looks[1]?.resolve(activations());
    await settle();
    expect(sets()).toEqual([2]);
    follow(3, null);
    desk.tick(9);
    await settle();
    expect([looks.length, sets()]).toEqual([2, [2]]);
  });
});

describe("a viewer who goes", () => {
  it("takes along what nobody has begun with, and nothing of a viewer whose number begins alike", async () => {
    const opening = Promise.withResolvers<null>();
    const { desk, asked, viewer } = bench({
      openInspection: () => opening.promise,
      sample: () => ({ inputs: Uint8Array.of(1, 2), label: 0 }),
    });
    const of = (id: number) => ({ ...viewer, id });
    desk.serve(of(2), { type: "sample", request: 1, index: 0 });
    for (const id of [1, 11]) desk.serve(of(id), { type: "sample", request: 1, index: 1 });
    desk.forget(of(1));
    opening.resolve(null);
    await settle();
    await settle();
    expect(asked).toEqual(["openInspection", "sample", "sample"]);
    desk.dispose();
  });
});

describe("a prediction", () => {
  const predicted = async (outputs: Float32Array, probabilities: Float32Array | null) => {
    const { desk, viewer, sent } = bench({ predict: () => ({ step: 1, shape: [2], outputs, probabilities }) });
    desk.serve(viewer, { type: "predict", request: 7, inputs: "AAA=" });
    await settle();
    const [message] = sent;
    return message?.type === "prediction" ? message : null;
  };

  it("[W5] has null for outputs that JSON has no number for, and then no probabilities", async () => {
    const message = await predicted(
      Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY),
      Float32Array.of(Number.NaN, 1, 0),
    );
    expect(message).toMatchObject({ request: 7, outputs: [1, null, null], probabilities: null });
  });

  it("[W5] has probabilities of six digits, and at most 4096 outputs", async () => {
    const message = await predicted(new Float32Array(5_000), Float32Array.of(1 / 3, 2 / 3));
    expect(message?.outputs).toHaveLength(4_096);
    expect(message?.probabilities).toEqual([0.333333, 0.666667]);
  });
});

describe("the judgement of the last model", () => {
  it("[W4] is done again where the one under way had begun with older parameters", async () => {
    const steps = [4, 5];
    const labels = Int32Array.of(0, 1);
    const judge = () => {
      const part = { step: steps.shift() ?? 6, first: 0, labels, predicted: labels };
      return { ...part, probability: Float32Array.of(1, 1) };
    };
    const { desk, asked } = bench({ judge });
    desk.judge();
    const last = desk.judgeLast(5);
    await settle();
    await settle();
    await last;
    expect(asked.filter((name) => name === "judge")).toHaveLength(2);
    await desk.judgeLast(5);
    expect(asked.filter((name) => name === "judge")).toHaveLength(2);
  });
});

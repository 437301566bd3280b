import type { WatchMessage } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import type { ComputeLink } from "../compute/compute-link.ts";
import { ModelViewer } from "./model-viewer.ts";

/** Looks inside a model of two classes with two test samples: both are of class 0, and taken for class 1. */
const PART = {
  step: 3,
  first: 0,
  labels: Int32Array.of(0, 0),
  predicted: Int32Array.of(1, 1),
  probability: Float32Array.of(0.5, 0.75),
};

function bench() {
  const asked: string[] = [];
  const judged = Promise.withResolvers<unknown>();
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    openInspection: () => Promise.resolve(null),
    judge: () => judged.promise,
    sample: () => Promise.resolve({ inputs: Uint8Array.of(1, 2), label: 0 }),
  };
  // The fake answers each request with that request's own output; the type of its name is lost on the way.
  const request = ((name: string) => {
    asked.push(name);
    return answers[name]?.();
  }) as ComputeLink["request"];
  const setup = {
    predict: new Uint8Array(0),
    activations: new Uint8Array(0),
    fields: [{ name: "inputs", dtype: "uint8", shape: [2] }],
    shards: [],
    samples: 2,
    classes: 2,
    activationBytesMax: 1_024,
  } as const;
  const sent: WatchMessage[] = [];
  let heard = () => {};
  const send = (message: WatchMessage) => {
    sent.push(message);
    heard();
  };
  const viewer = { id: 1, keepsUp: true, send };
  const untilSent = async (count: number) => {
    while (sent.length < count) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const finishJudging = () => judged.resolve(PART);
  return { desk: new ModelViewer({ request }, setup, () => {}), viewer, asked, sent, untilSent, finishJudging };
}

describe("a look for the samples of a cell", () => {
  it("[W5] is done once when the judging is over, however often it was asked for meanwhile", async () => {
    const { desk, viewer, asked, sent, untilSent, finishJudging } = bench();
    const ask = (request: number) => desk.serve(viewer, { type: "samples", request, label: 0, predicted: 1 });
    for (let request = 1; request <= 5; request++) {
      ask(request);
      // Each look begins and ends before the next one is asked for: it waits for the judging.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    finishJudging();
    await untilSent(5);
    expect(sent.slice(0, 4).map((message) => "code" in message && message.code)).toEqual(Array(4).fill("SUPERSEDED"));
    expect(sent[4]).toMatchObject({ type: "samples", step: 3, searched: 2, samples: [{ index: 1 }, { index: 0 }] });
    expect(asked.filter((name) => name === "sample")).toHaveLength(2);
    desk.dispose();
  });
});

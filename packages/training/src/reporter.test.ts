import type { RunEvent } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { Reporter, type ReportStyle } from "./reporter.ts";

/** A reporter over a clock and a terminal that the test holds. */
function harness(style: ReportStyle, columns: number | null) {
  const seen = { data: "", words: "", nowMs: 0 };
  const reporter = new Reporter(
    style,
    { epochs: 2, steps: 4 },
    {
      data: (text) => {
        seen.data += text;
      },
      words: (text) => {
        seen.words += text;
      },
      columns: () => columns,
      nowMs: () => seen.nowMs,
    },
  );
  return { reporter, seen };
}

const step = (number: number): RunEvent => ({
  event: "step",
  step: number,
  epoch: 1,
  samples: number * 64,
  loss: 0.5,
  trainAccuracy: 0.875,
  samplesPerSecond: 128,
  workers: 2,
  gradientNorm: 1,
});

const error: RunEvent = { event: "error", code: "X", message: "It broke", remedy: "Mend it" };

describe("Reporter with --json", () => {
  it("writes every event as one line of JSON on standard output and nothing else anywhere", () => {
    const { reporter, seen } = harness("json", 80);
    reporter.report(step(1));
    reporter.report(error);
    expect(
      seen.data
        .split("\n")
        .slice(0, 2)
        .map((line) => JSON.parse(line)),
    ).toEqual([step(1), error]);
    expect(seen.words).toBe("");
  });
});

describe("Reporter on a terminal", () => {
  it("shows epoch, step, loss, accuracy, speed, workers and the time left on one line", () => {
    const { reporter, seen } = harness("people", 200);
    reporter.report(step(1));
    // 3 steps of 64 samples are left, at 128 samples/s: 1.5 s, shown as 0:02.
    expect(seen.words).toBe(
      "\r\u001b[2Kepoch 1/2 · ━━━━━─────────────── 25% · step 1/4 · loss 0.500 · acc 87.5% · 128 samples/s · 2 workers · 0:02 left",
    );
  });

  it("redraws at most ten times a second, and always at the last step", () => {
    const { reporter, seen } = harness("people", 80);
    const redraws = () => seen.words.split("\r").length - 1;
    reporter.report(step(1));
    seen.nowMs = 99;
    reporter.report(step(2));
    expect(redraws()).toBe(1);
    seen.nowMs = 100;
    reporter.report(step(3));
    expect(redraws()).toBe(2);
    reporter.report(step(4));
    expect(redraws()).toBe(3);
  });

  it("cuts the bar to the terminal's width", () => {
    const { reporter, seen } = harness("people", 30);
    reporter.report(step(1));
    expect(seen.words.replace("\r\u001b[2K", "")).toHaveLength(29);
  });

  it("puts other lines above the bar", () => {
    const { reporter, seen } = harness("people", 200);
    reporter.report(step(1));
    reporter.report({ event: "worker", id: "w", name: "attic", state: "joined" });
    expect(
      seen.words
        .split("\r\u001b[2K")
        .slice(2)
        .map((part) => part.slice(0, 20)),
    ).toEqual(["Worker attic joined\n", "epoch 1/2 · ━━━━━───"]);
  });
});

describe("Reporter without a terminal", () => {
  it("writes a plain line every five seconds", () => {
    const { reporter, seen } = harness("people", null);
    reporter.report(step(1));
    seen.nowMs = 4_999;
    reporter.report(step(2));
    seen.nowMs = 5_000;
    reporter.report(step(3));
    expect(seen.words.split("\n").map((line) => line.match(/step \d/)?.[0])).toEqual(["step 1", "step 3", undefined]);
    expect(seen.words).not.toContain("\u001b");
  });
});

describe("Reporter with --quiet", () => {
  it("tells errors with their remedy, and the result", () => {
    const { reporter, seen } = harness("quiet", null);
    reporter.report(step(1));
    reporter.report(error);
    reporter.report({
      event: "finished",
      steps: 4,
      samples: 256,
      seconds: 61.6,
      samplesPerSecond: 4.2,
      testAccuracy: 0.98125,
      model: "runs/a/model.safetensors",
      parametersSha256: "",
      bytesSent: 0,
      bytesReceived: 0,
    });
    expect(seen.words).toBe(
      "Error X: It broke\n  Mend it\nFinished: 4 steps, 256 samples in 1:02, 4 samples/s; test accuracy 98.13%\nModel: runs/a/model.safetensors\n",
    );
  });

  it("a result of which nothing was measured ends with the pace", () => {
    const { reporter, seen } = harness("quiet", null);
    const nothing = { steps: 0, samples: 0, seconds: 0, samplesPerSecond: 0, bytesSent: 0, bytesReceived: 0 };
    reporter.report({ event: "finished", ...nothing, model: "a/model.safetensors", parametersSha256: "" });
    expect(seen.words).toBe("Finished: 0 steps, 0 samples in 0:00, 0 samples/s\nModel: a/model.safetensors\n");
  });
});

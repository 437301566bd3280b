import type { RunEvent } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { commandLine, eventLine } from "./event-line.ts";

describe("eventLine", () => {
  const step = { event: "step", step: 1, epoch: 1, samples: 8, loss: 1, samplesPerSecond: 1, workers: 1 } as const;

  it.each<[RunEvent, string, string]>([
    [{ event: "worker", id: "w1", name: "Ada", state: "joined" }, "info", "Ada joined"],
    [{ event: "worker", id: "w1", name: "Ada", state: "left" }, "info", "Ada left"],
    [{ event: "worker", id: "w1", name: "Ada", state: "lost" }, "warning", "Ada was lost"],
    [{ event: "waiting", step: 3, reason: "The run is paused" }, "info", "The run is paused"],
    // The path on the disk is nobody else's business.
    [{ event: "checkpoint", step: 200, path: "/srv/ada/run" }, "info", "Saved after step 200"],
    [
      { event: "reissued", step: 4, start: 8, end: 16, from: "w1", to: "w2", milliseconds: 3 },
      "warning",
      "Samples 8 to 15 of step 5 were given to another worker",
    ],
    [{ event: "error", code: "X", message: "It broke", remedy: "Mend it" }, "error", "It broke. Mend it"],
  ])("%j is a line of level %s", (event, level, text) => {
    expect(eventLine(event)).toEqual({ kind: event.event, level, text });
  });

  it("steps are no lines: the curves show them", () => {
    expect(eventLine({ ...step, gradientNorm: 1 })).toBeNull();
  });

  it("a line has at most 500 characters", () => {
    const line = eventLine({ event: "waiting", step: 1, reason: "a".repeat(600) });
    expect(line?.text).toHaveLength(500);
  });
});

describe("commandLine", () => {
  it("says what a command has changed", () => {
    const factor = { before: 1, after: 0.5 };
    expect(commandLine({ command: "learningRateFactor" }, factor)).toEqual({
      kind: "command",
      level: "info",
      text: "The learning rate was set on a dashboard to 0.5 times the schedule's, from the next update on; it was 1 times",
    });
    expect(commandLine({ command: "pause" }, factor).text).toBe("Somebody who watches asked for: pause");
  });
});

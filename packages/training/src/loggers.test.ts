import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EpochEvent } from "@tributary/program";
import { afterAll, describe, expect, it } from "vitest";
import { bestCheckpoint, earlyStopping, jsonLines } from "./callbacks.ts";
import { csvLogger } from "./csv-logger.ts";
import { history } from "./history.ts";
import { progress } from "./progress.ts";

const folder = mkdtempSync(join(tmpdir(), "tributary-loggers-"));
afterAll(() => rmSync(folder, { recursive: true }));

const epoch = (number: number, values: Record<`test${string}`, number>): EpochEvent => ({
  event: "epoch",
  epoch: number,
  trainLoss: 1,
  seconds: 2,
  ...values,
});

describe("csvLogger", () => {
  it("writes a header, then a line an epoch", () => {
    let text = "";
    const logger = csvLogger((piece) => {
      text += piece;
    });
    logger.onEvent(epoch(1, { testLoss: 0.5 }));
    logger.onEvent(epoch(2, { testLoss: 0.25 }));
    expect(text).toBe("epoch,trainLoss,seconds,testLoss\n1,1,2,0.5\n2,1,2,0.25\n");
  });

  it("replaces a file, or goes on in it under the columns that it has", () => {
    const path = join(folder, "run.csv");
    csvLogger(path).onEvent(epoch(9, { testLoss: 9 }));
    csvLogger(path).onEvent(epoch(1, { testLoss: 0.5 }));
    csvLogger(path, { append: true }).onEvent(epoch(2, { testAccuracy: 1 }));
    expect(readFileSync(path, "utf8")).toBe("epoch,trainLoss,seconds,testLoss\n1,1,2,0.5\n2,1,2,\n");
  });

  it("writes the header where there is nothing to go on from", () => {
    const path = join(folder, "new.csv");
    csvLogger(path, { append: true }).onEvent(epoch(1, {}));
    expect(readFileSync(path, "utf8")).toBe("epoch,trainLoss,seconds\n1,1,2\n");
  });
});

describe("jsonLines", () => {
  it("writes at the end of a file", () => {
    const path = join(folder, "run.jsonl");
    jsonLines(path).onEvent({ event: "waiting", step: 1, reason: "a" });
    jsonLines(path).onEvent({ event: "waiting", step: 2, reason: "b" });
    expect(readFileSync(path, "utf8")).toBe(
      '{"event":"waiting","step":1,"reason":"a"}\n{"event":"waiting","step":2,"reason":"b"}\n',
    );
  });
});

describe("bestCheckpoint", () => {
  it("asks for a checkpoint after every epoch that is the best so far", () => {
    const losses = [3, 2, 2.5, Number.NaN, 1];
    const callback = bestCheckpoint({ monitor: "testLoss" });
    const asked = losses.map((testLoss, index) => callback.onEvent(epoch(index + 1, { testLoss })).length);
    expect(asked).toEqual([1, 1, 0, 0, 1]);
  });

  it("takes larger for better where it is told to, by more than minDelta", () => {
    const callback = bestCheckpoint({ monitor: "testScore", mode: "max", minDelta: 0.1 });
    const asked = [0.5, 0.55, 0.75].map((testScore, index) => callback.onEvent(epoch(index + 1, { testScore })).length);
    expect(asked).toEqual([1, 0, 1]);
  });
});

describe("earlyStopping with restoreBest", () => {
  it("asks to keep each best epoch, then to stop", () => {
    const callback = earlyStopping({ monitor: "testLoss", patience: 2, restoreBest: true });
    const commands = [3, 2, 2, 4].map((testLoss, index) => callback.onEvent(epoch(index + 1, { testLoss })));
    expect(commands.flat().map(({ command }) => command)).toEqual(["checkpoint", "checkpoint", "stop"]);
    expect(callback.restoresCheckpoint).toBe(true);
  });
});

describe("history", () => {
  it("keeps epochs, and gives one value of all of them", () => {
    const kept = history();
    kept.onEvent(epoch(1, { testLoss: 3 }));
    kept.onEvent(epoch(2, {}));
    kept.onEvent(epoch(3, { testLoss: 1 }));
    expect(kept.epochs.map((event) => event.epoch)).toEqual([1, 2, 3]);
    expect(kept.column("testLoss")).toEqual([3, 1]);
  });
});

describe("progress", () => {
  it("tells epochs to people", () => {
    let text = "";
    const words = (piece: string) => {
      text += piece;
    };
    const callback = progress({ epochs: 2, steps: 4 }, { data: words, words, columns: () => null, nowMs: () => 0 });
    callback.onEvent(epoch(1, { testAccuracy: 0.5 }));
    expect(text).toBe("Epoch 1: train loss 1.0000, test accuracy 50.00% in 2.0 s\n");
  });
});

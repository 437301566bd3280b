import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MODEL_FILE } from "@tributary/coordinator-app";
import { decodeSafetensors } from "@tributary/training";
import { describe, expect, it } from "vitest";
import { Command, SMALL_RUN } from "../running/command.ts";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { untilStateFits } from "./run-state.ts";

const TRAIN_SAMPLES = 512;

async function trainSmall(folder: string): Promise<Command> {
  const training = Command.start(["train", SMALL_RUN, "--workers", "2", "--json", "--out", folder], folder);
  await training.until("step", ({ step }) => step >= 10);
  return training;
}

describe("a coordinator that is told to stop", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s: finishes the step, writes model and checkpoint, and ends with %i", async (signal, code) => {
    const folder = await temporaryFolder();
    const training = await trainSmall(folder);
    training.signal(signal);
    expect(await training.ended).toEqual({ code, signal: null });
    const record = await readRecord(folder);
    expectEverySampleOnce(record, TRAIN_SAMPLES, false);
    const steps = record.length;
    const checkpoint = join(folder, "checkpoints", `step-${String(steps).padStart(9, "0")}`);
    expect(training.events.slice(-2)).toMatchObject([
      { event: "checkpoint", step: steps, path: checkpoint },
      { event: "finished", steps, model: join(folder, MODEL_FILE) },
    ]);
    expect((await readdir(checkpoint)).sort()).toEqual(["checkpoint.json", MODEL_FILE, "state.safetensors"]);
    const model = await readFile(join(folder, MODEL_FILE));
    expect(decodeSafetensors(new Uint8Array(model)).tensors.get("1.weight")?.shape).toEqual([10, 784]);
    expect(await readFile(join(checkpoint, MODEL_FILE))).toEqual(model);
  });

  it("a second signal ends it at once, without a model", async () => {
    const folder = await temporaryFolder();
    const serving = Command.start(["serve", SMALL_RUN, "--json", "--out", folder], folder);
    const { url, joinUrl } = await serving.until("listening");
    const worker = Command.start(["join", joinUrl, "--json", "--name", "frozen"], folder);
    await serving.until("step");
    // A step that nobody finishes holds the first signal up.
    worker.signal("SIGSTOP");
    await untilStateFits(url, / frozen, [\d.]+ s so far(, deadline in [\d.]+ s)?$/);
    serving.signal("SIGINT");
    await serving.untilWords("once more to leave at once");
    serving.signal("SIGINT");
    expect(await serving.ended).toEqual({ code: 130, signal: null });
    expect(serving.named("finished")).toEqual([]);
    await expect(stat(join(folder, MODEL_FILE))).rejects.toThrow("ENOENT");
  });
});

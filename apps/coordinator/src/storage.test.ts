import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RUN_START } from "@tributary/coordinator";
import { decodeSafetensors } from "@tributary/training";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunStorage } from "./storage.ts";

describe("RunStorage", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tributary-storage-"));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const content = (step: number) => ({
    step,
    run: "small",
    layoutHash: "0".repeat(64),
    seed: 5,
    position: { ...RUN_START, step },
    tensors: { parameters: Float32Array.of(1, 2), state: Float32Array.of(3), buffers: new Float32Array(0) },
    model: Uint8Array.of(9, 9),
  });

  it("appends one line of JSON a step, with the time", async () => {
    const storage = new RunStorage(folder);
    const record = { step: 1, epoch: 0, samples: 8, samplesCommitted: 8, loss: 2, gradientNorm: 1, commits: [] };
    await storage.append(record);
    await storage.append({ ...record, step: 2 });
    const lines = (await readFile(join(folder, "steps.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([record, { ...record, step: 2 }]);
  });

  it("writes a checkpoint whole, with the hashes of its files, and leaves nothing partial behind", async () => {
    const path = await new RunStorage(folder).writeCheckpoint(content(12));
    expect((await readdir(path)).sort()).toEqual(["checkpoint.json", "model.safetensors", "state.safetensors"]);
    const state = decodeSafetensors(await readFile(join(path, "state.safetensors")));
    expect([...state.tensors.keys()].sort()).toEqual(["buffers", "parameters", "state"]);
    expect(state.tensors.get("parameters")).toMatchObject({ dtype: "F32", shape: [2] });
    const description = JSON.parse(await readFile(join(path, "checkpoint.json"), "utf8"));
    expect(description).toMatchObject({ step: 12, seed: 5, position: { step: 12 } });
    // SHA-256 of the bytes 09 09, by sha256sum.
    expect(description.sha256["model.safetensors"]).toBe(MODEL_SHA256);
    expect(await readdir(join(folder, "checkpoints"))).toEqual(["step-000000012"]);
  });

  it("keeps the three newest checkpoints", async () => {
    const storage = new RunStorage(folder);
    for (const step of [1, 2, 10, 9]) await storage.writeCheckpoint(content(step));
    expect((await readdir(join(folder, "checkpoints"))).sort()).toEqual([
      "step-000000002",
      "step-000000009",
      "step-000000010",
    ]);
  });

  it("says what cannot be written, and how that shows", async () => {
    const storage = new RunStorage(folder);
    await rm(folder, { recursive: true });
    await expect(storage.writeModel(Uint8Array.of(1))).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  });
});

const MODEL_SHA256 = "31609426297325bdb28c86ab3ceeed4a3c438966733fd61b8aea00ee8b23b7bc";

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunPosition, StepRecord } from "@tributary/coordinator";
import { encodeSafetensors, type SafetensorsEntry } from "@tributary/training";
import type { RunTensors } from "./compute/compute-message.ts";
import { CoordinatorAppError } from "./errors.ts";
import { CHECKPOINTS_KEPT } from "./limits.ts";

/** Name of the log of steps in a run's folder: one {@link StepRecord} a line, appended. */
export const STEP_LOG = "steps.jsonl";

/** Name of the folder of checkpoints in a run's folder. */
export const CHECKPOINT_FOLDER = "checkpoints";

/** Name of the model's file, in a run's folder and in each checkpoint. */
export const MODEL_FILE = "model.safetensors";

/** What a checkpoint is made of. */
export interface CheckpointContent {
  readonly step: number;
  readonly run: string;
  readonly layoutHash: string;
  readonly seed: number;
  readonly position: RunPosition;
  readonly tensors: RunTensors;
  /** The model as other programs read it. */
  readonly model: Uint8Array;
}

/** A run's folder: the log, the checkpoints, the model. Whatever is in it under its final name is whole. */
export class RunStorage {
  readonly folder: string;
  /** Opened with the first line and kept open: opening and closing would cost a step two waits more. */
  #log: Promise<FileHandle> | null = null;

  /** @throws CoordinatorAppError STORAGE_FAILED when the folder cannot be made */
  constructor(folder: string) {
    this.folder = folder;
    try {
      mkdirSync(join(folder, CHECKPOINT_FOLDER), { recursive: true });
    } catch (cause) {
      throw failed(`The folder ${folder} cannot be made`, cause);
    }
  }

  /** Appends a step to the log. @throws CoordinatorAppError STORAGE_FAILED */
  async append(record: StepRecord): Promise<void> {
    const line = `${JSON.stringify({ ...record, time: new Date().toISOString() })}\n`;
    await guarded(`The step log in ${this.folder} cannot be written`, async () => {
      this.#log ??= open(join(this.folder, STEP_LOG), "a");
      await (await this.#log).appendFile(line);
    });
  }

  /** Closes the log. Nothing is appended after it. */
  async close(): Promise<void> {
    const log = this.#log;
    this.#log = null;
    // A log that could not be opened has said so where it was written.
    if (log !== null) await log.then((file) => file.close()).catch(() => {});
  }

  /**
   * Writes a checkpoint: all files into a folder of another name, each forced to the disk, then the folder gets its name.
   * So a crash at any moment leaves either no checkpoint of this step or a whole one.
   * @returns the folder @throws CoordinatorAppError STORAGE_FAILED
   */
  async writeCheckpoint(content: CheckpointContent): Promise<string> {
    const { step, run, layoutHash, seed, position, tensors, model } = content;
    const name = `step-${String(step).padStart(9, "0")}`;
    const parent = join(this.folder, CHECKPOINT_FOLDER);
    const target = join(parent, name);
    const partial = join(parent, `.${name}.partial`);
    const state = encodeSafetensors({
      tensors: new Map(Object.entries(tensors).map(([key, vector]) => [key, flatEntry(vector)])),
      metadata: new Map([["format", "tributary"]]),
    });
    const files = { [MODEL_FILE]: model, "state.safetensors": state };
    const sha256 = Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, hashOf(bytes)]));
    const description = { format: "tributary-checkpoint", version: 1, run, step, seed, layoutHash, position, sha256 };
    await guarded(`A checkpoint in ${parent} cannot be written`, async () => {
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      for (const [file, bytes] of Object.entries(files)) await writeDurably(join(partial, file), bytes);
      await writeDurably(join(partial, "checkpoint.json"), Buffer.from(`${JSON.stringify(description, null, 2)}\n`));
      await rm(target, { recursive: true, force: true });
      await rename(partial, target);
      await syncFolder(parent);
      await this.#removeOld(parent);
    });
    return target;
  }

  /** Writes the model into the run's folder, whole or not at all. @returns its path @throws CoordinatorAppError STORAGE_FAILED */
  async writeModel(model: Uint8Array): Promise<string> {
    const path = join(this.folder, MODEL_FILE);
    await guarded(`${path} cannot be written`, async () => {
      await writeDurably(`${path}.partial`, model);
      await rename(`${path}.partial`, path);
      await syncFolder(this.folder);
    });
    return path;
  }

  async #removeOld(parent: string): Promise<void> {
    const all = (await readdir(parent)).filter((name) => name.startsWith("step-")).sort();
    for (const name of all.slice(0, -CHECKPOINTS_KEPT)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** SHA-256 in hexadecimal. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function flatEntry(vector: Float32Array): SafetensorsEntry {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return { dtype: "F32", shape: [vector.length], bytes };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Forces a folder's entries to the disk: without it a rename may be undone by a crash. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function guarded(what: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    throw failed(what, cause);
  }
}

function failed(what: string, cause: unknown): CoordinatorAppError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CoordinatorAppError("STORAGE_FAILED", `${what}: ${why}`, { cause });
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StepRecord } from "@tributary/coordinator";
import { STEP_LOG } from "@tributary/coordinator-app";
import { expect } from "vitest";

/** A line of the coordinator's log. */
export type LoggedStep = StepRecord & {
  /** ISO 8601. */
  readonly time: string;
};

/** The coordinator's record of a run: one entry a step, in order. */
export async function readRecord(folder: string): Promise<LoggedStep[]> {
  const text = await readFile(join(folder, STEP_LOG), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line): LoggedStep => JSON.parse(line));
}

/**
 * Fails unless steps follow one another, and in each epoch the committed ranges are 0 ... samples - 1 without gap or
 * overlap; only the last epoch may have been left early.
 * @param samples of an epoch
 */
export function expectEverySampleOnce(record: readonly LoggedStep[], samples: number, lastIsWhole = true): void {
  expect(record.map(({ step }) => step)).toEqual(record.map((_, index) => index + 1));
  const leases = record.flatMap(({ commits }) => commits.map(({ lease }) => lease));
  expect(new Set(leases).size, "a lease was committed twice").toBe(leases.length);
  const lastEpoch = record.at(-1)?.epoch ?? 0;
  for (let epoch = 0; epoch <= lastEpoch; epoch += 1) {
    const ranges = record
      .filter((entry) => entry.epoch === epoch)
      .flatMap(({ commits }) => commits)
      .sort((a, b) => a.start - b.start);
    let next = 0;
    for (const { start, end } of ranges) {
      expect(start, `epoch ${epoch}: samples left out or taken twice`).toBe(next);
      expect(end).toBeGreaterThan(start);
      next = end;
    }
    if (epoch < lastEpoch || lastIsWhole) expect(next, `samples of epoch ${epoch}`).toBe(samples);
  }
  const committed = record.reduce((sum, entry) => sum + entry.samples, 0);
  expect(record.at(-1)?.samplesCommitted).toBe(committed);
}

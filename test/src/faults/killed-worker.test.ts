import { describe, expect, it } from "vitest";
import { Command, DIGITS_RUN } from "../running/command.ts";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { untilStateFits } from "./run-state.ts";

const TRAIN_SAMPLES = 10_000;
/** Milliseconds from the close of a worker's socket to new leases for its samples. */
const REISSUED_WITHIN_MS = 1_000;
/** Milliseconds from the start of a worker's process to a step with a lease of its own in the record. */
const FIRST_COMMIT_WITHIN_MS = 10_000;

describe("kill -9 of one of two workers in mid-run", () => {
  it("costs nothing but time: leases go to others at once, every sample counts once, and the model is as good", async () => {
    const folder = await temporaryFolder();
    const serving = Command.start(["serve", DIGITS_RUN, "--json", "--out", folder], folder);
    const { url, joinUrl } = await serving.until("listening");
    const join = (name: string) => Command.start(["join", joinUrl, "--json", "--name", name], folder);
    const victim = join("victim");
    const survivor = join("survivor");
    const { id: victimId } = await serving.until("worker", ({ name }) => name === "victim");
    await serving.until("step", ({ step, workers }) => step >= 60 && workers === 2);

    // Stopped first, so that it surely holds a lease when it is killed: the step cannot end without it.
    victim.signal("SIGSTOP");
    await untilStateFits(url, / victim, [\d.]+ s so far(, deadline in [\d.]+ s)?$/);
    victim.signal("SIGKILL");
    await serving.until("worker", ({ id, state }) => id === victimId && state === "lost");
    const late = join("late");
    const { id: lateId } = await serving.until("worker", ({ name }) => name === "late");
    expect(await serving.ended).toEqual({ code: 0, signal: null });
    expect(await victim.ended).toEqual({ code: null, signal: "SIGKILL" });
    expect((await survivor.ended).code).toBe(0);
    expect((await late.ended).code).toBe(0);

    const reissued = serving.named("reissued").filter(({ from }) => from === victimId);
    expect(reissued.length).toBeGreaterThan(0);
    for (const { milliseconds } of reissued) expect(milliseconds).toBeLessThanOrEqual(REISSUED_WITHIN_MS);

    const record = await readRecord(folder);
    expectEverySampleOnce(record, TRAIN_SAMPLES);
    const first = record.find(({ commits }) => commits.some(({ worker }) => worker === lateId));
    expect(Date.parse(first?.time ?? "") - late.startedMs).toBeLessThanOrEqual(FIRST_COMMIT_WITHIN_MS);

    const [finished] = serving.named("finished");
    expect(finished).toMatchObject({ samples: 5 * TRAIN_SAMPLES, steps: record.length });
    expect(finished?.testAccuracy).toBeGreaterThanOrEqual(0.98);
  });
});

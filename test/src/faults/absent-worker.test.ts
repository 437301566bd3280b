import { describe, expect, it } from "vitest";
import { Command, SMALL_RUN } from "../running/command.ts";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { untilStateFits } from "./run-state.ts";

const TRAIN_SAMPLES = 512;

async function serveWithTwo(folder: string) {
  const serving = Command.start(["serve", SMALL_RUN, "--json", "--out", folder], folder);
  const { url, joinUrl } = await serving.until("listening");
  const [away, here] = ["away", "here"].map((name) =>
    Command.start(["join", joinUrl, "--json", "--name", name], folder),
  );
  if (away === undefined || here === undefined) throw new Error("There are two workers");
  await serving.until("step", ({ step, workers }) => step >= 20 && workers === 2);
  const worker = await serving.until("worker", ({ name }) => name === "away");
  return { serving, url, away, here, awayId: worker.id };
}

/** The step the run is at. */
function stepOf(serving: Command): number {
  return serving.named("step").at(-1)?.step ?? 0;
}

/** Ends the run by a signal, and reads a record in which every sample counts once. */
async function orderlyEnd(serving: Command, folder: string) {
  serving.signal("SIGTERM");
  expect(await serving.ended).toEqual({ code: 143, signal: null });
  const record = await readRecord(folder);
  expectEverySampleOnce(record, TRAIN_SAMPLES, false);
  return record;
}

describe("a worker that is away", () => {
  it("frozen: its lease expires and goes to the other; awake again, it takes part again", async () => {
    const folder = await temporaryFolder();
    const { serving, url, away, awayId } = await serveWithTwo(folder);
    away.signal("SIGSTOP");
    await untilStateFits(url, / away, [\d.]+ s so far(, deadline in [\d.]+ s)?$/);
    const { step } = await serving.until("reissued", ({ from }) => from === awayId);
    await serving.until("step", (event) => event.step >= step + 20);
    // The socket of a frozen process stays open: it is expiry that freed the lease.
    expect(serving.named("worker").map(({ state }) => state)).toEqual(["joined", "joined"]);
    const thawed = stepOf(serving);
    const heard = away.lines.length;
    away.signal("SIGCONT");
    await away.untilLine('"type":"sent"', heard);
    const record = await orderlyEnd(serving, folder);
    const later = record.filter(({ step }) => step > thawed).flatMap(({ commits }) => commits);
    expect(later.map(({ worker }) => worker)).toContain(awayId);
  });

  it("asked to leave by SIGTERM: says so, its leases are free, and it ends with 143", async () => {
    const folder = await temporaryFolder();
    const { serving, away, here, awayId } = await serveWithTwo(folder);
    away.signal("SIGTERM");
    expect(await away.ended).toEqual({ code: 143, signal: null });
    expect(JSON.parse(away.lines.at(-1) ?? "")).toMatchObject({ type: "end", reason: "left" });
    await serving.until("worker", ({ id, state }) => id === awayId && state === "left");
    const step = stepOf(serving);
    await serving.until("step", (event) => event.step >= step + 20 && event.workers === 1);
    await orderlyEnd(serving, folder);
    expect((await here.ended).code).toBe(0);
  });
});

import type { Finding } from "@tributary/coordinator";
import type { LeaseSpan } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import type { ComputeLink } from "./compute/compute-link.ts";
import type { BlobEntries, ExaminedPart, PartFinding } from "./compute/compute-message.ts";
import { CoordinatorAppError } from "./errors.ts";
import { Examiner } from "./examiner.ts";

const USABLE: Finding = { verdict: "usable", norm: 5 };
const RANGE: LeaseSpan = { kind: "gradient", step: 3, epoch: 1, start: 10, end: 15 };
const blob = (value: number) => Uint8Array.of(value);

/** An examiner of a run with microbatches of 2, over a compute thread that answers as it is told, in turn. */
function examinerWith(answers: readonly (PartFinding | Error)[], opened: Error | null = null) {
  const asked: ExaminedPart[] = [];
  const setups: { readonly blobs: BlobEntries }[] = [];
  const request = async (name: string, input: ExaminedPart & { readonly blobs: BlobEntries }) => {
    if (name === "openExamination") {
      setups.push(input);
      if (opened !== null) throw opened;
      return null;
    }
    asked.push(input);
    const answer = answers[asked.length - 1] ?? { finding: USABLE };
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const welcome = {
    ...{ protocol: 3, run: "r", term: 1, variants: [], microbatch: 2, seed: 0, manifest: "m" },
    layout: { hash: "l", parameterLength: 1, trainableLength: 1, statisticsLength: 0, bufferLength: 0 },
    programs: { gradient: "g", evaluate: null },
    heartbeat: { pingMilliseconds: 1, lostAfterMilliseconds: 2 },
  };
  const blobs = new Map(["m", "g", "shard", "other"].map((name, index) => [name, blob(index)]));
  // The link's answers are typed by the name of the request, which one function for two names cannot be.
  const compute = { request } as unknown as Pick<ComputeLink, "request">;
  return { examiner: new Examiner(compute, welcome, blobs), asked, setups };
}

describe("Examiner", () => {
  it("asks for a range microbatch by microbatch, and sends manifest and programs once", async () => {
    const { examiner, asked, setups } = examinerWith([]);
    expect(await examiner.examine(RANGE)).toEqual(USABLE);
    await examiner.examine({ ...RANGE, step: 4 });
    expect(asked.slice(0, 3)).toEqual([
      { ...RANGE, start: 10, end: 12, first: true, blobs: [] },
      { ...RANGE, start: 12, end: 14, first: false, blobs: [] },
      { ...RANGE, start: 14, end: 15, first: false, blobs: [] },
    ]);
    expect(asked).toHaveLength(6);
    expect(setups).toMatchObject([
      {
        blobs: [
          ["m", blob(0)],
          ["g", blob(1)],
        ],
      },
    ]);
  });

  it("stops at the first microbatch that is not usable", async () => {
    const { examiner, asked } = examinerWith([{ finding: USABLE }, { finding: { verdict: "notFinite" } }]);
    expect(await examiner.examine(RANGE)).toEqual({ verdict: "notFinite" });
    expect(asked).toHaveLength(2);
  });

  it("sends the shards that are missing, and no others", async () => {
    const { examiner, asked } = examinerWith([{ missing: ["shard"] }]);
    expect(await examiner.examine({ ...RANGE, end: 12 })).toEqual(USABLE);
    expect(asked.map(({ blobs }) => blobs)).toEqual([[], [["shard", blob(2)]]]);
  });

  it("does not ask for ever for a shard that is nowhere", async () => {
    const { examiner, asked } = examinerWith(new Array(9).fill({ missing: ["nowhere"] }));
    expect(await examiner.examine(RANGE)).toMatchObject({
      verdict: "unable",
      detail: expect.stringContaining("shards"),
    });
    expect(asked).toHaveLength(3);
  });

  it("gives a range up when another is asked for, and computes that", async () => {
    const { examiner, asked } = examinerWith([]);
    const [first, second] = await Promise.all([
      examiner.examine(RANGE),
      examiner.examine({ ...RANGE, step: 4, end: 12 }),
    ]);
    expect(first).toMatchObject({ verdict: "unable" });
    expect(second).toEqual(USABLE);
    expect(asked.map(({ step }) => step)).toEqual([4]);
  });

  it("is unable, and says why, where programs cannot be opened or the thread ends", async () => {
    const tooLarge = new CoordinatorAppError("COMPUTE_FAILED", "openExamination: Error: a microbatch takes 9 MiB");
    const closed = examinerWith([], tooLarge);
    for (let time = 0; time < 2; time += 1) {
      expect(await closed.examiner.examine(RANGE)).toEqual({ verdict: "unable", detail: tooLarge.message });
    }
    // Nothing would be different the second time.
    expect(closed.setups).toHaveLength(1);
    const ended = examinerWith([new CoordinatorAppError("COMPUTE_FAILED", "examine: the coordinator is closing")]);
    expect(await ended.examiner.examine(RANGE)).toMatchObject({ verdict: "unable" });
  });
});

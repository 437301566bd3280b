import { describe, expect, it } from "vitest";
import { fetchRunPrograms } from "./run-programs.ts";
import { createTinyRun } from "./testing/tiny-run.ts";

const run = createTinyRun(4, 2);
const { programs, manifest, layout } = run.welcome;

describe("fetchRunPrograms", () => {
  it("[J3] takes programs and manifest by hash", async () => {
    const fetched = await fetchRunPrograms(run.welcome, run.fetchBlob);
    expect([fetched.gradient.name, fetched.evaluate?.name]).toEqual(["gradient", "evaluate"]);
    expect(fetched.manifest.splits.train.samples).toBe(4);
  });

  it.each([
    ["the program", programs.gradient, programs.evaluate ?? ""],
    ["the manifest", manifest, createTinyRun(6, 2).welcome.manifest],
  ])("[J3] %s under another's hash is refused", async (_, asked, given) => {
    const blobs = new Map([...createTinyRun(6, 2).blobs, ...run.blobs]);
    const fetchBlob = (hash: string) => Promise.resolve(blobs.get(hash === asked ? given : hash) ?? new Uint8Array(0));
    await expect(fetchRunPrograms(run.welcome, fetchBlob)).rejects.toMatchObject({ code: "BLOB_HASH" });
  });

  it("[J3] a program for another layout, microbatch or set of fields is refused", async () => {
    const changes = [
      { layout: { ...layout, parameterLength: 8 } },
      { layout: { ...layout, bufferLength: 2 } },
      { layout: { ...layout, trainableLength: 8 } },
      { microbatch: 3 },
      { programs: { gradient: programs.evaluate ?? "", evaluate: null } },
    ];
    for (const change of changes) {
      const setup = { ...run.welcome, ...change };
      await expect(fetchRunPrograms(setup, run.fetchBlob)).rejects.toMatchObject({ code: "PROGRAM_MISMATCH" });
    }
  });

  it("[J3] bytes that are no program, or no text, are refused", async () => {
    const broken = (hash: string) => Promise.resolve(new Uint8Array(hash === manifest ? [0xff, 0xfe] : [1, 2, 3]));
    await expect(fetchRunPrograms(run.welcome, broken)).rejects.toMatchObject({ code: "MANIFEST_TEXT" });
    const noProgram = (hash: string) =>
      hash === programs.gradient ? Promise.resolve(new Uint8Array(40)) : run.fetchBlob(hash);
    await expect(fetchRunPrograms(run.welcome, noProgram)).rejects.toMatchObject({ name: "ProgramError" });
  });
});

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { browserFinding, diskFinding, engineFindings, memoryFinding, spaceFinding } from "./machine-findings.ts";

const GIBIBYTE = 1_073_741_824;

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-machine-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("what the doctor says of the machine", () => {
  it("the Node that runs this has all that is needed", () => {
    const standings = engineFindings().map(({ name, standing }) => `${name} ${standing}`);
    expect(standings).toEqual(["node ok", "simd ok", "relaxed-simd ok", "wide-vectors ok", "threads ok"]);
  });

  it("memory of 1 GiB is enough; less is worth a look", () => {
    expect(memoryFinding(GIBIBYTE, 4 * GIBIBYTE)).toMatchObject({
      standing: "ok",
      message: "1.0 of 4.0 GiB of memory are free",
    });
    expect(memoryFinding(GIBIBYTE - 1, 4 * GIBIBYTE)).toMatchObject({ standing: "warning" });
  });

  it("half a GiB of disk is enough; less is worth a look", () => {
    expect(spaceFinding("/x/runs", GIBIBYTE / 2)).toMatchObject({
      standing: "ok",
      message: "/x/runs can be written; 0.5 GiB are free",
    });
    expect(spaceFinding("/x/runs", GIBIBYTE / 2 - 1)).toMatchObject({ standing: "warning" });
  });

  it("a file where the folder of runs should be is a problem, one that may be executed too", async () => {
    const folder = await emptyFolder();
    expect(diskFinding(join(folder, "new", "run")).standing).not.toBe("problem");
    await writeFile(join(folder, "file"), "");
    await chmod(join(folder, "file"), 0o755);
    expect(diskFinding(join(folder, "file", "run"))).toMatchObject({ name: "disk", standing: "problem" });
  });

  it("a browser is found in the PATH under any of its names", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "google-chrome"), "");
    vi.stubEnv("PATH", ["", "/nowhere", folder].join(delimiter));
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(browserFinding()).toMatchObject({ standing: "ok", message: expect.stringContaining(folder) });
  });
});

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { doctorCommand } from "./doctor-command.ts";
import { findingOf, vulkanFinding } from "./gpu-finding.ts";
import { certificateFindings } from "./network-findings.ts";
import { createAuthorityFolder } from "./testing/authority-folder.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const NOTHING = { vendor: "", architecture: "", device: "", description: "" };
const PLAIN = { lan: false, open: false, json: false, quiet: false, help: false };

async function examined(options: Partial<Parameters<typeof doctorCommand>[1]>, now = NOW) {
  const data: string[] = [];
  const output = { data: (text: string) => void data.push(text), words: () => {}, columns: () => null, nowMs: () => 0 };
  const code = await doctorCommand([], { ...PLAIN, ...options }, output, now);
  return { code, text: data.join("") };
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-doctor-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  vi.stubEnv("XDG_CONFIG_HOME", join(folder, "config"));
  onTestFinished(() => void vi.unstubAllEnvs());
  return folder;
}

describe("tributary doctor", () => {
  it("--json: one document with each finding, how it stands and what to do, and the ways to a secure context", async () => {
    const { code, text } = await examined({ json: true, out: join(await emptyFolder(), "run") });
    expect(text.trim().split("\n")).toHaveLength(1);
    const { canRun, findings, secureContexts } = JSON.parse(text);
    expect([code, canRun]).toEqual([0, true]);
    expect(findings.map(({ name }: { name: string }) => name).filter((name: string) => name !== "mkcert")).toEqual([
      ...["node", "simd", "relaxed-simd", "wide-vectors", "threads", "memory", "gpu", "browser", "pages"],
      ...["loopback", "network", "addresses", "certificates", "disk"],
    ]);
    for (const { standing, message, remedy } of findings) {
      expect(["ok", "warning", "problem"]).toContain(standing);
      expect(message).not.toBe("");
      expect(remedy === null).toBe(standing === "ok");
    }
    expect(secureContexts.map(({ name }: { name: string }) => name)).toEqual([
      ...["localhost", "tunnel", "local-authority", "hosted-page", "browser-flag", "domain"],
    ]);
  });

  it("ends with 1 when a run cannot work, and says why", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "file"), "");
    const { code, text } = await examined({ out: join(folder, "file", "run") });
    expect(code).toBe(1);
    expect(text).toMatch(/^problem {2}.*file.run cannot be written/m);
    expect(text).toContain("A run cannot work here yet: 1 problem.");
  });

  it("knows the authority of --lan, and when it ends", async () => {
    const folder = await emptyFolder();
    const { fingerprint } = await createAuthorityFolder(join(folder, "config", "tributary", "ca"), NOW);
    const options = { json: true, out: folder };
    const certificatesAt = async (now: Date) => {
      const { findings } = JSON.parse((await examined(options, now)).text);
      return findings.find(({ name }: { name: string }) => name === "certificates");
    };
    const now = await certificatesAt(NOW);
    expect(now.standing).toBe("ok");
    expect(now.message).toContain(fingerprint);
    expect(now.message).toContain("2031-11-19");
    expect((await certificatesAt(new Date("2031-11-01T00:00:00Z"))).standing).toBe("warning");
  });

  it.skipIf(process.platform === "win32")(
    "warns of an authority whose key others can read, or that is damaged",
    async () => {
      const folder = await emptyFolder();
      const store = join(folder, "config", "tributary", "ca");
      await createAuthorityFolder(store, NOW);
      const certificates = () => certificateFindings(NOW).then(([finding]) => finding);
      await chmod(join(store, "authority.pem"), 0o644);
      expect(await certificates()).toMatchObject({
        standing: "warning",
        message: expect.stringContaining("others on this machine can read its key"),
        remedy: expect.stringContaining("chmod 600"),
      });
      await writeFile(join(store, "authority.pem"), "nothing");
      expect(await certificates()).toMatchObject({
        standing: "warning",
        message: expect.stringContaining("holds no key with its certificate"),
      });
    },
  );

  it("takes no words", async () => {
    const output = { data: () => {}, words: () => {}, columns: () => null, nowMs: () => 0 };
    await expect(doctorCommand(["gpu"], PLAIN, output, NOW)).rejects.toThrow("doctor takes no words");
  });
});

describe("what the doctor says of the GPU", () => {
  const found = (description: string, isFallback = false) =>
    findingOf({ state: "found", info: { ...NOTHING, description, isFallbackAdapter: isFallback } });

  it.each([
    ["a crash of the driver", null, /driver/],
    ["no package", { state: "missing", info: NOTHING }, /npm install webgpu/],
    ["no GPU", { state: "none", info: NOTHING }, /driver/],
  ])("%s: a warning, with a remedy", (_, answer, remedy) => {
    const finding = findingOf(answer);
    expect(finding.standing).toBe("warning");
    expect(finding.remedy).toMatch(remedy);
  });

  it("no Vulkan: what is missing, how to get it, and the package where that is missing too", () => {
    const missing = { what: "Vulkan has no driver (none in /x)", remedy: "install a driver" };
    expect(vulkanFinding(missing, true)).toMatchObject({
      name: "gpu",
      standing: "warning",
      message: "Vulkan has no driver (none in /x): workers of Node compute on the CPU",
      remedy: expect.stringMatching(/^To use a graphics card, install a driver\. Tabs/),
    });
    expect(vulkanFinding(missing, false).remedy).toMatch(/^To use .* a driver; also npm install webgpu\. Tabs/);
  });

  it("a real one is named; one that computes on the CPU is named as such", () => {
    expect(found("NVIDIA GeForce RTX 4090")).toMatchObject({
      standing: "ok",
      message: expect.stringContaining("RTX 4090"),
    });
    expect(found("SwiftShader Device (LLVM 16)").message).toContain("computes on the CPU");
    expect(found("Unknown", true).message).toContain("computes on the CPU");
  });
});

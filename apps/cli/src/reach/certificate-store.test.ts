import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { authorityStanding, certificateFolder, reachCertificates } from "./certificate-store.ts";

const DAY_MS = 86_400_000;
const NOW = new Date("2026-11-21T12:00:00Z");
const MACHINE = { names: ["den", "den.local", "localhost"], addresses: ["192.168.1.20", "127.0.0.1"] };

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-ca-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "tributary", "ca");
}

const after = (days: number) => new Date(NOW.getTime() + days * DAY_MS);
const certificatesAt = (folder: string, now = NOW, machine = MACHINE) =>
  reachCertificates(machine, { folder, owner: "den", now });
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("the folder of certificates", () => {
  it("lies in XDG_CONFIG_HOME where that is absolute, otherwise in .config of the home folder", () => {
    expect(certificateFolder({ XDG_CONFIG_HOME: "/settings" })).toBe(join("/settings", "tributary", "ca"));
    expect(certificateFolder({ XDG_CONFIG_HOME: "settings" })).toMatch(/\.config.tributary.ca$/);
  });

  it.skipIf(process.platform === "win32")("[security] is closed to others, and so are both private keys", async () => {
    const folder = await emptyFolder();
    await certificatesAt(folder);
    expect((await readdir(folder)).sort()).toEqual(["authority.pem", "ca.crt", "server.pem"]);
    expect(await modeOf(folder)).toBe(0o700);
    expect(await modeOf(join(folder, "authority.pem"))).toBe(0o600);
    expect(await modeOf(join(folder, "server.pem"))).toBe(0o600);
    expect(await readFile(join(folder, "ca.crt"), "utf8")).not.toContain("PRIVATE");
  });

  it.skipIf(process.platform === "win32")("[security] a key that others can read is not used", async () => {
    const folder = await emptyFolder();
    await certificatesAt(folder);
    await chmod(join(folder, "authority.pem"), 0o644);
    await expect(certificatesAt(folder)).rejects.toThrow(expect.objectContaining({ code: "CERTIFICATE_INVALID" }));
    expect(await authorityStanding(folder)).toMatchObject({ isExposed: true });
  });

  it("a damaged file is named, with what to do", async () => {
    const folder = await emptyFolder();
    await certificatesAt(folder);
    await writeFile(join(folder, "authority.pem"), "nothing", { mode: 0o600 });
    await expect(certificatesAt(folder)).rejects.toThrow("authority.pem holds no key with its certificate");
  });
});

describe("certificates", () => {
  it("are the same at the next start", async () => {
    const folder = await emptyFolder();
    expect(await authorityStanding(folder)).toBeNull();
    const first = await certificatesAt(folder);
    const second = await certificatesAt(folder, after(1));
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(second.server).toEqual(first.server);
    expect(await authorityStanding(folder)).toMatchObject({ fingerprint: first.fingerprint, isExposed: false });
  });

  it("are made anew by the same authority when a name or an address is new, or when they end within 30 days", async () => {
    const folder = await emptyFolder();
    const first = await certificatesAt(folder);
    const moved = await certificatesAt(folder, NOW, { ...MACHINE, addresses: ["10.0.0.7"] });
    const later = await certificatesAt(folder, after(370));
    expect(new Set([first, moved, later].map(({ server }) => server.cert)).size).toBe(3);
    expect(new Set([first, moved, later].map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });

  it("come from a new authority when the old one ends within 30 days", async () => {
    const folder = await emptyFolder();
    const first = await certificatesAt(folder);
    const next = await certificatesAt(folder, after(1_800));
    expect(next.isNew).toBe(true);
    expect(next.fingerprint).not.toBe(first.fingerprint);
    expect(await readFile(join(folder, "ca.crt"), "utf8")).toBe(next.authority);
  });

  it("come with that of the authority behind them, for devices that have none but trust it", async () => {
    const { server, authority } = await certificatesAt(await emptyFolder());
    const blocks = server.cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
    expect(blocks).toHaveLength(2);
    expect(blocks[1]).toBe(authority);
    expect(new X509Certificate(blocks[0] ?? "").checkIssued(new X509Certificate(authority))).toBe(true);
  });

  it("are made anew when the authority is another one, whose word the old ones do not have", async () => {
    const folder = await emptyFolder();
    const first = await certificatesAt(folder);
    await rm(join(folder, "authority.pem"));
    const second = await certificatesAt(folder);
    expect(second.fingerprint).not.toBe(first.fingerprint);
    const { publicKey } = new X509Certificate(second.authority);
    expect(new X509Certificate(second.server.cert).verify(publicKey)).toBe(true);
  });

  it("leave out what the authority may not vouch for, and say so", async () => {
    const folder = await emptyFolder();
    await certificatesAt(folder);
    const machine = { names: ["den.local"], addresses: ["192.168.1.20", "131.188.3.220"] };
    expect((await certificatesAt(folder, NOW, machine)).uncovered).toEqual(["131.188.3.220"]);
  });

  it("are one pair, however many ask for the first time at once", async () => {
    const folder = await emptyFolder();
    const all = await Promise.all(Array.from({ length: 4 }, () => certificatesAt(folder)));
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });
});

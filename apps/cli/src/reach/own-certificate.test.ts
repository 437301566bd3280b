import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createAuthority, type KeyedCertificate, signServer } from "./authority.ts";
import { authoritiesIn, ownCertificate } from "./own-certificate.ts";
import { reachOf } from "./reach.ts";

const NOW = new Date();
const YEARS_MS = 3 * 365 * 86_400_000;
const MACHINE = { names: ["localhost", "den.local"], addresses: ["127.0.0.1", "::1", "fd00::2"] };

let authority: KeyedCertificate;
let server: KeyedCertificate;

beforeAll(async () => {
  authority = await createAuthority(MACHINE, "den", NOW);
  server = await signServer(authority, MACHINE, NOW);
});

async function folderWith(files: Readonly<Record<string, string>>): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-own-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return (name) => join(folder, name);
}

describe("--cert and --key", () => {
  it("give the certificate with its names, addresses as they stand in links", async () => {
    const at = await folderWith({ "lan.pem": server.cert, "lan-key.pem": server.key });
    expect(ownCertificate(at("lan.pem"), at("lan-key.pem"), NOW)).toEqual({
      cert: server.cert,
      key: server.key,
      names: ["localhost", "den.local", "127.0.0.1", "::1", "fd00::2"],
    });
    expect(ownCertificate(undefined, undefined, NOW)).toBeNull();
  });

  it("with a wildcard leave that name out: nothing can be reached under it", async () => {
    const wild = await signServer(authority, { names: ["*.den.local", "den.local"], addresses: [] }, NOW);
    const at = await folderWith({ "lan.pem": wild.cert, "lan-key.pem": wild.key });
    expect(ownCertificate(at("lan.pem"), at("lan-key.pem"), NOW)?.names).toEqual(["den.local"]);
  });

  it("are served with --lan: names of this machine for itself come last in the links", async () => {
    const at = await folderWith({ "lan.pem": server.cert, "lan-key.pem": server.key });
    const plain = { lan: true, open: false, json: false, quiet: false, help: false };
    const { coordinator } = await reachOf({ ...plain, cert: at("lan.pem"), key: at("lan-key.pem") }, NOW);
    expect(coordinator.host).toBe("0.0.0.0");
    expect(coordinator.tls).toEqual({ cert: server.cert, key: server.key });
    expect(coordinator.names?.slice(2)).toEqual(["localhost", "127.0.0.1", "[::1]"]);
    expect(coordinator.names?.slice(0, 2).sort()).toEqual(["[fd00::2]", "den.local"]);
    await expect(reachOf({ ...plain, lan: false, cert: at("lan.pem"), key: at("lan-key.pem") }, NOW)).rejects.toThrow(
      "--cert has no use on this machine alone",
    );
  });

  it("are refused when one is missing, when they do not belong together, or when the certificate is out of date", async () => {
    const at = await folderWith({ "lan.pem": server.cert, "lan-key.pem": server.key, "other-key.pem": authority.key });
    expect(() => ownCertificate(at("lan.pem"), undefined, NOW)).toThrow("--key is missing");
    expect(() => ownCertificate(at("lan.pem"), at("other-key.pem"), NOW)).toThrow("is not that of the certificate");
    const late = new Date(NOW.getTime() + YEARS_MS);
    expect(() => ownCertificate(at("lan.pem"), at("lan-key.pem"), late)).toThrow("is good from");
    const early = new Date(NOW.getTime() - 2 * 86_400_000);
    expect(() => ownCertificate(at("lan.pem"), at("lan-key.pem"), early)).toThrow("is good from");
    expect(() => ownCertificate(at("none.pem"), at("lan-key.pem"), NOW)).toThrow("cannot be read");
    expect(() => ownCertificate(at("lan-key.pem"), at("lan-key.pem"), NOW)).toThrow("not in a form that is understood");
  });
});

describe("--ca", () => {
  it("gives every certificate of the file, and refuses a file without one", async () => {
    const at = await folderWith({ "ca.crt": `words\n${authority.cert}${server.cert}`, "key.pem": authority.key });
    expect(authoritiesIn(at("ca.crt"))).toEqual([authority.cert, server.cert]);
    expect(() => authoritiesIn(at("key.pem"))).toThrow("holds no certificate in PEM");
  });
});

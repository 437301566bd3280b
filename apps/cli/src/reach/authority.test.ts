import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, get } from "node:https";
import { BasicConstraintsExtension, X509Certificate as Parsed } from "@peculiar/x509";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { covers, createAuthority, type KeyedCertificate, permittedBy, signServer } from "./authority.ts";

const NOW = new Date();
const DAY_MS = 86_400_000;
const MACHINE = {
  names: ["den", "den.local", "localhost"],
  addresses: ["192.168.1.20", "131.188.3.220", "fd00::2", "127.0.0.1", "::1"],
};

let authority: KeyedCertificate;
let server: KeyedCertificate;

beforeAll(async () => {
  authority = await createAuthority(MACHINE, "den", NOW);
  server = await signServer(authority, MACHINE, NOW);
});

/** The answer of an https server with this certificate on loopback, asked under a name by somebody who trusts the authority alone; or why it is refused. */
async function answerOf(identity: KeyedCertificate, servername: string): Promise<number | string | undefined> {
  const listening = createServer(identity, (_, response) => response.end("hello"));
  onTestFinished(() => void listening.close());
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const address = listening.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const trusting = { ca: authority.cert, agent: false, servername };
  return new Promise((resolve) => {
    get({ host: "127.0.0.1", port, ...trusting }, ({ statusCode }) => resolve(statusCode)).once("error", (error) =>
      resolve(error.message),
    );
  });
}

function daysOf({ validFrom, validTo }: X509Certificate): number {
  return (Date.parse(validTo) - Date.parse(validFrom)) / DAY_MS;
}

describe("a certificate for a coordinator", () => {
  it("is for every name and address of the machine, and no other", () => {
    expect(new X509Certificate(server.cert).subjectAltName?.split(", ")).toEqual([
      "DNS:den",
      "DNS:den.local",
      "DNS:localhost",
      "IP Address:192.168.1.20",
      "IP Address:131.188.3.220",
      "IP Address:FD00:0:0:0:0:0:0:2",
      "IP Address:127.0.0.1",
      "IP Address:0:0:0:0:0:0:0:1",
    ]);
    expect(covers(server.cert, MACHINE)).toBe(true);
    expect(covers(server.cert, { names: ["elsewhere"], addresses: [] })).toBe(false);
    expect(covers(server.cert, { names: ["den", "elsewhere"], addresses: [] })).toBe(false);
    expect(covers(server.cert, { names: [], addresses: ["127.0.0.1", "192.168.1.21"] })).toBe(false);
    expect(covers(server.cert, { names: [], addresses: ["192.168.1.21"] })).toBe(false);
  });

  it("is signed by the authority, on P-256, and is good for 397 days at most; the authority for longer", () => {
    const [leaf, root] = [new X509Certificate(server.cert), new X509Certificate(authority.cert)];
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkIssued(root)).toBe(true);
    expect([leaf.ca, root.ca]).toEqual([false, true]);
    for (const { publicKey } of [leaf, root]) {
      expect(publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    }
    expect(daysOf(leaf)).toBeLessThanOrEqual(397);
    expect(daysOf(leaf)).toBeGreaterThan(390);
    expect(daysOf(root)).toBeGreaterThan(1_800);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  it("is good a day ago too, because clocks of phones are off, and so is its authority", () => {
    for (const { cert } of [server, authority]) {
      expect(Date.parse(new X509Certificate(cert).validFrom)).toBeLessThanOrEqual(NOW.getTime() - DAY_MS);
    }
  });

  it("has a number of its own, positive and of 126 bits", async () => {
    const other = await signServer(authority, MACHINE, NOW);
    const numbers = [server, authority, other].map(({ cert }) => BigInt(`0x${new X509Certificate(cert).serialNumber}`));
    expect(new Set(numbers).size).toBe(3);
    // The highest bit but one is set: RFC 5280 (4.1.2.2) wants positive numbers, and the highest bit is the sign.
    for (const number of numbers) expect(number >> 126n).toBe(1n);
  });

  it("never outlives its authority", async () => {
    const root = new X509Certificate(authority.cert);
    const late = new Date(Date.parse(root.validTo) - 60 * DAY_MS);
    const leaf = new X509Certificate((await signServer(authority, MACHINE, late)).cert);
    expect(leaf.validTo).toBe(root.validTo);
  });

  it("is taken by who trusts the authority, under its names", async () => {
    expect(await answerOf(server, "localhost")).toBe(200);
    expect(await answerOf(server, "den.local")).toBe(200);
    expect(await answerOf(server, "other.local")).toContain("not in the cert's altnames");
  });
});

describe("the authority", () => {
  it("[security] signs servers alone and no other authority, and nobody may pass its bounds over", async () => {
    const basic = ({ cert }: KeyedCertificate) => new Parsed(cert).getExtension(BasicConstraintsExtension);
    expect(basic(authority)).toMatchObject({ ca: true, pathLength: 0, critical: true });
    expect(basic(server)).toMatchObject({ ca: false, critical: true });
    // id-ce-nameConstraints: "MUST mark this extension as critical" (RFC 5280, 4.2.1.10).
    expect(new Parsed(authority.cert).getExtension("2.5.29.30")?.critical).toBe(true);
  });

  it("[security] vouches for nothing on the Internet: a certificate it signs for a site there is refused", async () => {
    const stolen = await signServer(authority, { names: ["example.org"], addresses: [] }, NOW);
    expect(await answerOf(stolen, "example.org")).toBe("permitted subtree violation");
    const address = await signServer(authority, { names: ["localhost"], addresses: ["8.8.8.8"] }, NOW);
    expect(await answerOf(address, "localhost")).toBe("permitted subtree violation");
  });

  it("says what it may vouch for: local names, private addresses, and the public ones that the machine had", () => {
    const asked = {
      names: ["den", "kitchen.local", "localhost", "example.org", "evil-local"],
      addresses: [
        "10.1.2.3",
        "172.31.0.9",
        "172.32.0.9",
        "169.254.7.7",
        "131.188.3.220",
        "131.188.3.221",
        "fd12::1",
        "2001:db8::1",
      ],
    };
    expect(permittedBy(authority.cert, asked)).toEqual({
      names: ["den", "kitchen.local", "localhost"],
      addresses: ["10.1.2.3", "172.31.0.9", "169.254.7.7", "131.188.3.220", "fd12::1"],
    });
  });
});

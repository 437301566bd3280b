// The library's dependency injection wants this polyfill before it is loaded.
import "reflect-metadata";
import { X509Certificate as NodeCertificate } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert } from "@peculiar/asn1-schema";
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from "@peculiar/asn1-x509";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { isPrivateAddress, PRIVATE_RANGES, rangeTest } from "./lan-addresses.ts";

/** A certificate with its private key, both PEM. */
export interface KeyedCertificate {
  readonly key: string;
  readonly cert: string;
}

/** What a certificate is for. */
export interface MachineNames {
  /** Host names, lower case. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

const DAY_MS = 86_400_000;
/** Browsers refuse certificates of servers that are good for more than 398 days (CA/Browser Forum, ballot SC-31). */
const SERVER_DAYS = 397;
/** Devices are asked once to trust the authority, and again when it ends. */
const AUTHORITY_DAYS = 1_825;
/** Clocks of phones are off: certificates begin a day early. */
const CLOCK_SLACK_MS = DAY_MS;

const EC_P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { ...EC_P256, hash: "SHA-256" } as const;
/** id-ce-nameConstraints. Source: RFC 5280, 4.2.1.10. */
const NAME_CONSTRAINTS_OID = "2.5.29.30";
/** Names that never leave a network of one's own. Sources: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa). */
const LOCAL_DOMAINS = ["localhost", "local", "home.arpa"] as const;

/**
 * Makes a certificate authority for one machine. Its constraints let it speak for nothing but local names, private addresses and those of this machine: whoever
 * steals its key cannot pose as a site on the Internet to the devices that trust it.
 */
export async function createAuthority(machine: MachineNames, owner: string, now: Date): Promise<KeyedCertificate> {
  const keys = await keyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [`Tributary on ${owner}`] }, { O: ["Tributary local certificate authority"] }],
    ...validity(now, AUTHORITY_DAYS),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      constraintsOf(machine),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await privatePem(keys), cert: pemOf(certificate) };
}

/** Signs a certificate for a server with these names and addresses; never longer good than its authority. */
export async function signServer(
  authority: KeyedCertificate,
  machine: MachineNames,
  now: Date,
): Promise<KeyedCertificate> {
  const keys = await keyPair();
  const issuer = new X509Certificate(authority.cert);
  const { notBefore, notAfter } = validity(now, SERVER_DAYS);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // No host name: it belongs into the extension, and RFC 5280 has constraints look at names that look like hosts here too.
    subject: [{ CN: ["Tributary coordinator"] }],
    issuer: issuer.subjectName,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...machine.names.map((value) => ({ type: "dns" as const, value })),
        ...machine.addresses.map((value) => ({ type: "ip" as const, value })),
      ]),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await privatePem(keys), cert: pemOf(certificate) };
}

/** Those of the names and addresses that an authority may speak for. */
export function permittedBy(authorityCert: string, machine: MachineNames): MachineNames {
  const extension = new X509Certificate(authorityCert).getExtension(NAME_CONSTRAINTS_OID);
  if (extension === null) return machine;
  const permitted = AsnConvert.parse(extension.value, NameConstraints).permittedSubtrees ?? [];
  const bases = [...permitted].map(({ base }) => base);
  const domains = bases.flatMap(({ dNSName }) => dNSName ?? []);
  const inRange = rangeTest(bases.flatMap(({ iPAddress }) => iPAddress ?? []));
  return {
    names: machine.names.filter((name) => domains.some((domain) => name === domain || name.endsWith(`.${domain}`))),
    addresses: machine.addresses.filter(inRange),
  };
}

/** Whether a certificate has every one of the names and addresses. */
export function covers(cert: string, { names, addresses }: MachineNames): boolean {
  const certificate = new NodeCertificate(cert);
  return (
    names.every((name) => certificate.checkHost(name) !== undefined) &&
    addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

function constraintsOf({ names, addresses }: MachineNames): Extension {
  const domains = [...new Set([...LOCAL_DOMAINS, ...names])];
  const own = addresses.filter((address) => !isPrivateAddress(address));
  const ranges = [...PRIVATE_RANGES, ...own.map((address) => `${address}/${isIP(address) === 6 ? 128 : 32}`)];
  const subtrees = [
    ...domains.map((dNSName) => new GeneralName({ dNSName })),
    ...ranges.map((iPAddress) => new GeneralName({ iPAddress })),
  ].map((base) => new GeneralSubtree({ base }));
  const constraints = new NameConstraints({ permittedSubtrees: new GeneralSubtrees(subtrees) });
  return new Extension(NAME_CONSTRAINTS_OID, true, AsnConvert.serialize(constraints));
}

function validity(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const begin = now.getTime() - CLOCK_SLACK_MS;
  // A second less: the end counts as a part of the time, and 397 days must not become 398.
  return { notBefore: new Date(begin), notAfter: new Date(begin + days * DAY_MS - 1_000) };
}

/** 126 random bits: positive, and in the fewest bytes. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

// The types of keys are the platform's: Node's here, a browser's where the tests are checked. They are left to be found.
function keyPair() {
  return crypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
}

async function privatePem(keys: Awaited<ReturnType<typeof keyPair>>): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n`;
}

function importKey(pem: string) {
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), EC_P256, false, ["sign"]);
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

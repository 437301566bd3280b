import { randomUUID, X509Certificate } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { CommandError } from "../errors.ts";
import type { KeyedCertificate, MachineNames } from "./authority.ts";

/** The authority's key and certificate, for this user's eyes alone. */
const AUTHORITY_FILE = "authority.pem";
/** The server's key and certificate, likewise. */
const SERVER_FILE = "server.pem";
/** The authority's certificate, which anybody may have. */
const PUBLIC_FILE = "ca.crt";

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const OTHERS_BITS = 0o077;

const DAY_MS = 86_400_000;
/** A certificate that ends sooner than this is made anew, so that it does not end in the middle of a run. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

/** What a coordinator on a network shows, and whom devices have to trust for it. */
export interface ReachCertificates {
  /** Key, and certificate with that of the authority behind it; PEM. */
  readonly server: KeyedCertificate;
  /** The authority's certificate, PEM. */
  readonly authority: string;
  /** Of the authority, SHA-256: `AB:CD:...`. */
  readonly fingerprint: string;
  readonly folder: string;
  /** Whether the authority is new, so that no device trusts it yet. */
  readonly isNew: boolean;
  /** What was asked for but is outside of what the authority may speak for. */
  readonly uncovered: readonly string[];
}

/**
 * The folder of this user's certificates: `tributary/ca` in the folder for settings, which is XDG_CONFIG_HOME or `.config` in the home folder.
 * Source: XDG Base Directory Specification 0.8; a relative XDG_CONFIG_HOME is to be ignored.
 */
export function certificateFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = environment.XDG_CONFIG_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".config"), "tributary", "ca");
}

/**
 * The certificates for a coordinator under these names: those in the folder as long as they are good, new ones otherwise. The authority's key never leaves it.
 * @param owner name of this machine, which people see when they trust the authority
 * @throws CommandError CERTIFICATE_INVALID
 */
export async function reachCertificates(
  machine: MachineNames,
  { folder, owner, now }: { readonly folder: string; readonly owner: string; readonly now: Date },
): Promise<ReachCertificates> {
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  // Loaded here only: certificates are rarely made, and the library takes a tenth of a second.
  const { covers, createAuthority, permittedBy, signServer } = await import("./authority.ts");
  const kept = await readKeyed(join(folder, AUTHORITY_FILE));
  const isKept = kept !== null && isGoodAt(kept.cert, now);
  if (!isKept && kept !== null) await rm(join(folder, AUTHORITY_FILE), { force: true });
  const authority = isKept ? kept : await keepAuthority(folder, await createAuthority(machine, owner, now));
  const wanted = permittedBy(authority.cert, machine);
  const served = await readKeyed(join(folder, SERVER_FILE));
  const isServed =
    served !== null && isGoodAt(served.cert, now) && isSignedBy(served, authority) && covers(served.cert, wanted);
  const server = isServed ? served : await signServer(authority, wanted, now);
  if (!isServed) await replaceFile(join(folder, SERVER_FILE), server.key + server.cert, OWNER_ONLY);
  const covered = new Set([...wanted.names, ...wanted.addresses]);
  return {
    server: { key: server.key, cert: server.cert + authority.cert },
    authority: authority.cert,
    fingerprint: new X509Certificate(authority.cert).fingerprint256,
    folder,
    isNew: !isKept,
    uncovered: [...machine.names, ...machine.addresses].filter((name) => !covered.has(name)),
  };
}

/** What is known of an authority without its key. */
export interface AuthorityStanding {
  readonly fingerprint: string;
  readonly notAfter: Date;
  /** Whether others on this machine can read its key. */
  readonly isExposed: boolean;
}

/** The authority in a folder; null: there is none. @throws CommandError CERTIFICATE_INVALID */
export async function authorityStanding(folder: string): Promise<AuthorityStanding | null> {
  const file = join(folder, AUTHORITY_FILE);
  if (!existsSync(file)) return null;
  const { cert } = splitPem(file, await readFile(file, "utf8"));
  const { fingerprint256, validTo } = new X509Certificate(cert);
  return { fingerprint: fingerprint256, notAfter: new Date(validTo), isExposed: isReadByOthers(file) };
}

/** Keeps a new authority, unless another process was quicker: then that one's. */
async function keepAuthority(folder: string, made: KeyedCertificate): Promise<KeyedCertificate> {
  const file = join(folder, AUTHORITY_FILE);
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, made.key + made.cert, { mode: OWNER_ONLY });
  try {
    // A link, unlike renaming, fails where something is already.
    await link(temporary, file);
  } catch (error) {
    const kept = await readKeyed(file);
    if (kept === null) throw error;
    return kept;
  } finally {
    await rm(temporary, { force: true });
  }
  await replaceFile(join(folder, PUBLIC_FILE), made.cert, 0o644);
  return made;
}

async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, file);
}

async function readKeyed(file: string): Promise<KeyedCertificate | null> {
  if (!existsSync(file)) return null;
  if (isReadByOthers(file)) {
    throw new CommandError(
      "CERTIFICATE_INVALID",
      `Others on this machine can read the private key in ${file}`,
      "If nobody else uses this machine: chmod 600 that file. Otherwise delete its folder: a new authority is made, and devices must trust that one",
    );
  }
  return splitPem(file, await readFile(file, "utf8"));
}

function splitPem(file: string, text: string): KeyedCertificate {
  const begin = text.indexOf("-----BEGIN CERTIFICATE-----");
  const parts = { key: text.slice(0, begin), cert: text.slice(begin) };
  try {
    if (begin > 0) return { ...parts, cert: new X509Certificate(parts.cert).toString() };
  } catch (cause) {
    throw damaged(file, cause);
  }
  throw damaged(file, null);
}

function damaged(file: string, cause: unknown): CommandError {
  const remedy = "Delete its folder: a new authority is made, and devices must trust that one";
  return new CommandError("CERTIFICATE_INVALID", `${file} holds no key with its certificate`, remedy, { cause });
}

function isGoodAt(cert: string, now: Date): boolean {
  const { validFrom, validTo } = new X509Certificate(cert);
  return Date.parse(validFrom) <= now.getTime() && now.getTime() + RENEW_BEFORE_MS < Date.parse(validTo);
}

function isSignedBy(server: KeyedCertificate, authority: KeyedCertificate): boolean {
  return new X509Certificate(server.cert).verify(new X509Certificate(authority.cert).publicKey);
}

/** Windows has no such bits: there the user's folder is the fence. */
function isReadByOthers(file: string): boolean {
  return process.platform !== "win32" && (statSync(file).mode & OTHERS_BITS) !== 0;
}

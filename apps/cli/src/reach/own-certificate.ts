import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { CommandError } from "../errors.ts";
import type { KeyedCertificate } from "./authority.ts";

/** A certificate that a person brings: mkcert's, or that of a domain. */
export interface OwnCertificate extends KeyedCertificate {
  /** Host names and addresses it is for, as the certificate has them; wildcards left out. */
  readonly names: readonly string[];
}

/**
 * Reads what `--cert` and `--key` name.
 * @throws CommandError USAGE when one is missing; CERTIFICATE_INVALID when they cannot be read, do not belong together, or are out of date
 */
export function ownCertificate(
  certFile: string | undefined,
  keyFile: string | undefined,
  now: Date,
): OwnCertificate | null {
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile === undefined || keyFile === undefined) {
    const missing = certFile === undefined ? "--cert" : "--key";
    throw new CommandError("USAGE", `${missing} is missing`, "Give both: --cert CHAIN.pem --key KEY.pem");
  }
  const cert = readText(certFile);
  const key = readText(keyFile);
  const certificate = parsed(certFile, () => new X509Certificate(cert));
  const privateKey = parsed(keyFile, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw invalid(`The key in ${keyFile} is not that of the certificate in ${certFile}`, "Name the two of one pair");
  }
  const { validFrom, validTo } = certificate;
  if (now.getTime() < Date.parse(validFrom) || Date.parse(validTo) <= now.getTime()) {
    throw invalid(`The certificate in ${certFile} is good from ${validFrom} to ${validTo} only`, "Have it renewed");
  }
  return { cert, key, names: namesOf(certificate) };
}

/** Certificates of authorities in a PEM file, for `--ca`. @throws CommandError CERTIFICATE_INVALID */
export function authoritiesIn(file: string): string[] {
  const blocks = readText(file).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw invalid(`${file} holds no certificate in PEM`, "Take ca.crt as the coordinator serves it");
  }
  return blocks.map((block) => parsed(file, () => new X509Certificate(block)).toString());
}

function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  return subjectAltName.split(", ").flatMap((entry) => {
    const name = /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1];
    return name === undefined || name.startsWith("*") ? [] : [shortened(name.toLowerCase())];
  });
}

/** IPv6 addresses as everybody else writes them: `::1`, not `0:0:0:0:0:0:0:1`. */
function shortened(name: string): string {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`${file} cannot be read (${why})`, "Name a file in PEM that this user may read", cause);
  }
}

function parsed<Value>(file: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`${file} is not in a form that is understood (${why})`, "Name a file in PEM", cause);
  }
}

function invalid(message: string, remedy: string, cause?: unknown): CommandError {
  return new CommandError("CERTIFICATE_INVALID", message, remedy, { cause });
}

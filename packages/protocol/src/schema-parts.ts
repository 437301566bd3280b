import * as v from "valibot";
import {
  ADAPTER_LENGTH_MAX,
  ID_LENGTH_MAX,
  LEASE_MILLISECONDS_MAX,
  NAME_LENGTH_MAX,
  SENTENCE_LENGTH_MAX,
  SUMS_BYTES_MAX,
  THREADS_MAX,
  TOKEN_LENGTH_MAX,
} from "./limits.ts";

/** Id of a run: `a-z 0-9 . _ -`, at most 64 characters. */
export type RunId = string;
/** Id of a worker's session, given by the coordinator; same form as a run's. */
export type WorkerId = string;
/** Id of a lease; never used twice within a term of a run. */
export type LeaseId = number;

/** Integers 0 ... 2^53 - 1. */
export const naturalNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Integers 0 ... 2^32 - 1. */
export const uint32 = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffff_ffff));

/** Positive integer id of a lease. */
export const leaseId = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** Time a worker measured; may have a fraction. */
export const measuredMilliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));

/** Time allowed: 1 ... an hour. */
export const allowedMilliseconds = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(1),
  v.maxValue(LEASE_MILLISECONDS_MAX),
);

/** An id of a run or of a worker. It never contains what a path would need. */
export const identifier = v.pipe(v.string(), v.maxLength(ID_LENGTH_MAX), v.regex(/^[a-z0-9][a-z0-9._-]*$/));

/** The name a worker shows to people: letters of any script, digits, space, `.`, `_`, `-`. */
export const workerName = v.pipe(
  v.string(),
  v.maxLength(2 * NAME_LENGTH_MAX),
  v.regex(new RegExp(`^[\\p{L}\\p{N} ._-]{1,${NAME_LENGTH_MAX}}$`, "u")),
);

/** What a worker computes on, as its platform puts it; shown as text only. No control characters, so that it cannot forge a line of a log. */
export const adapterText = v.pipe(
  v.string(),
  v.maxLength(2 * ADAPTER_LENGTH_MAX),
  v.regex(new RegExp(`^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]{1,${ADAPTER_LENGTH_MAX}}$`, "u")),
);

/** A short word of ASCII: a backend, an operation, an arithmetic class. */
export const token = v.pipe(v.string(), v.maxLength(TOKEN_LENGTH_MAX), v.regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/));

/** A codec's name. */
export const codecName = token;

/** One of the keys of a table of reasons or codes: the table is the one place where they are listed. */
export function keyOf<Key extends string>(table: Readonly<Record<Key, string>>) {
  return v.picklist(Object.keys(table) as Key[]);
}

/** A sentence for people; shown as text only. */
export const sentence = v.pipe(v.string(), v.maxLength(SENTENCE_LENGTH_MAX));

/** SHA-256 in lower-case hexadecimal. */
export const sha256Hex = v.pipe(v.string(), v.length(64), v.regex(/^[0-9a-f]{64}$/));

/** Compute threads of a worker. */
export const threadCount = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(THREADS_MAX));

/** The sums that are no gradient: float32, little-endian, so a multiple of 4 bytes. */
export const sumsBytes = v.pipe(
  v.instance(Uint8Array),
  v.check((bytes) => bytes.byteLength > 0 && bytes.byteLength <= SUMS_BYTES_MAX && bytes.byteLength % 4 === 0),
);

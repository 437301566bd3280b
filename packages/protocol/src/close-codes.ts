import type { RefusalCode } from "./coordinator-messages.ts";
import type { ProtocolError, ProtocolErrorCode } from "./errors.ts";

/** What a worker does after its socket closed: connect again after a random wait, or never. */
export type RetryPolicy = "backoff" | "never";

/** A WebSocket close code of this protocol. */
export interface CloseCode {
  readonly code: number;
  readonly meaning: string;
  readonly retry: RetryPolicy;
}

/** Close codes in use: RFC 6455's first, our own from 4000 on. */
export const CLOSE_CODES = {
  normal: { code: 1000, meaning: "the worker left", retry: "never" },
  goingAway: { code: 1001, meaning: "the other side goes away", retry: "backoff" },
  textFrame: { code: 1003, meaning: "a text frame came: only binary frames are used", retry: "never" },
  abnormal: { code: 1006, meaning: "the connection broke without a close frame", retry: "backoff" },
  badData: { code: 1007, meaning: "bytes that break the protocol (see ProtocolError)", retry: "backoff" },
  policy: { code: 1008, meaning: "no hello in time, too many messages, or a message out of place", retry: "backoff" },
  tooBig: { code: 1009, meaning: "a frame or a tensor over its limit", retry: "never" },
  internalError: { code: 1011, meaning: "a fault of the coordinator", retry: "backoff" },
  restart: { code: 1012, meaning: "the coordinator restarts", retry: "backoff" },
  busy: { code: 1013, meaning: "the coordinator is full, or the worker reads too slowly", retry: "backoff" },
  badToken: { code: 4001, meaning: "the token is missing, unknown or expired", retry: "never" },
  versionMismatch: { code: 4002, meaning: "the versions have nothing in common", retry: "never" },
  hashMismatch: { code: 4003, meaning: "another run, layout or program than the session was bound to", retry: "never" },
  quarantined: { code: 4004, meaning: "too much of what the worker sent was rejected", retry: "never" },
  finished: { code: 4005, meaning: "the run is over", retry: "never" },
} as const satisfies Record<string, CloseCode>;

const BY_CODE: ReadonlyMap<number, CloseCode> = new Map(
  Object.values(CLOSE_CODES).map((entry): [number, CloseCode] => [entry.code, entry]),
);

/** What a worker does after its socket closed with `code`. An unknown code is taken for a broken connection. */
export function retryPolicy(code: number): RetryPolicy {
  return BY_CODE.get(code)?.retry ?? "backoff";
}

/** Sentence for people about a close code. */
export function closeMeaning(code: number): string {
  return BY_CODE.get(code)?.meaning ?? "the connection was closed without a known reason";
}

const TOO_BIG: ReadonlySet<ProtocolErrorCode> = new Set(["FRAME_TOO_LARGE", "TRANSFER_SIZE", "TRANSFER_OVERFLOW"]);
const POLICY: ReadonlySet<ProtocolErrorCode> = new Set(["TRANSFER_TOO_MANY", "MESSAGE_UNEXPECTED"]);

/** The code to close a connection with after the other side's bytes caused `error`. */
export function closeCodeOf(error: ProtocolError): number {
  if (TOO_BIG.has(error.code)) return CLOSE_CODES.tooBig.code;
  if (POLICY.has(error.code)) return CLOSE_CODES.policy.code;
  if (error.code === "FRAME_VERSION") return CLOSE_CODES.versionMismatch.code;
  return CLOSE_CODES.badData.code;
}

const BY_REFUSAL: Readonly<Record<RefusalCode, CloseCode>> = {
  BAD_TOKEN: CLOSE_CODES.badToken,
  VERSION_MISMATCH: CLOSE_CODES.versionMismatch,
  UNKNOWN_RUN: CLOSE_CODES.hashMismatch,
  NO_COMMON_CODEC: CLOSE_CODES.versionMismatch,
  UNSUPPORTED_OPERATION: CLOSE_CODES.versionMismatch,
  ARITHMETIC_CLASS: CLOSE_CODES.versionMismatch,
  FULL: CLOSE_CODES.busy,
  QUARANTINED: CLOSE_CODES.quarantined,
  FINISHED: CLOSE_CODES.finished,
};

/** The code to close a connection with after `refused` was sent. */
export function closeCodeOfRefusal(code: RefusalCode): number {
  return BY_REFUSAL[code].code;
}

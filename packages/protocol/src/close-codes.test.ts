import { describe, expect, it } from "vitest";
import { CLOSE_CODES, closeCodeOf, closeCodeOfRefusal, closeMeaning, retryPolicy } from "./close-codes.ts";
import { PROTOCOL_ERROR_CODES, ProtocolError, type ProtocolErrorCode } from "./errors.ts";

describe("close codes", () => {
  it("[E3] every code is there once", () => {
    const codes = Object.values(CLOSE_CODES).map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it("[E3] a finished run, a bad token and another version are not tried again; a restart and a broken connection are", () => {
    expect([4005, 4001, 4002, 4003, 4004, 1000].map(retryPolicy)).toEqual(Array(6).fill("never"));
    expect([1001, 1006, 1011, 1012, 1013, 4999].map(retryPolicy)).toEqual(Array(6).fill("backoff"));
    expect(closeMeaning(4005)).toBe("the run is over");
  });

  it("[E3] every protocol error closes with a code: too big with 1009, too many with 1008, the rest with 1007", () => {
    const closed = (code: ProtocolErrorCode) => closeCodeOf(new ProtocolError(code, "A test"));
    expect(
      ["FRAME_TOO_LARGE", "TRANSFER_SIZE", "TRANSFER_OVERFLOW"].map((code) => closed(code as ProtocolErrorCode)),
    ).toEqual([1009, 1009, 1009]);
    expect([closed("TRANSFER_TOO_MANY"), closed("FRAME_VERSION"), closed("MESSAGE_INVALID")]).toEqual([
      1008, 4002, 1007,
    ]);
    const known = new Set<number>(Object.values(CLOSE_CODES).map((entry) => entry.code));
    for (const code of Object.keys(PROTOCOL_ERROR_CODES))
      expect(known.has(closed(code as ProtocolErrorCode))).toBe(true);
  });

  it("[J2] who was refused because it was full tries again, who was refused for good does not", () => {
    expect([closeCodeOfRefusal("FULL"), closeCodeOfRefusal("BAD_TOKEN"), closeCodeOfRefusal("FINISHED")]).toEqual([
      1013, 4001, 4005,
    ]);
    expect(retryPolicy(closeCodeOfRefusal("FULL"))).toBe("backoff");
    expect(retryPolicy(closeCodeOfRefusal("UNKNOWN_RUN"))).toBe("never");
  });
});

import { afterEach, describe, expect, it, vi } from "vitest";
import { sha256Hex } from "./sha256.ts";

// FIPS 180-2, appendix B.1: the digest of "abc".
const ABC = new TextEncoder().encode("abc");
const ABC_DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

afterEach(() => vi.unstubAllGlobals());

describe("sha256Hex", () => {
  it("hashes with what the platform has", async () => {
    expect(await sha256Hex(ABC)).toBe(ABC_DIGEST);
  });

  it.each([
    ["crypto at all", undefined],
    ["crypto.subtle, as on a page that came over plain http", {}],
  ])("hashes without %s", async (_, crypto) => {
    vi.stubGlobal("crypto", crypto);
    expect(await sha256Hex(ABC)).toBe(ABC_DIGEST);
  });

  it("hashes memory that threads share, and parts of a buffer", async () => {
    const memory = new Uint8Array(new SharedArrayBuffer(8));
    memory.set(ABC, 5);
    expect(await sha256Hex(memory.subarray(5))).toBe(ABC_DIGEST);
    expect(await sha256Hex(Uint8Array.of(0, ...ABC).subarray(1))).toBe(ABC_DIGEST);
  });
});

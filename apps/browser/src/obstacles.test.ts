import { CLOSE_CODES } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { OBSTACLES, type Obstacle, obstacleOfEnd } from "./obstacles.ts";

const ALL: readonly [string, Obstacle][] = Object.entries(OBSTACLES);

describe("the table of obstacles", () => {
  it.each(ALL)("%s says what is so without a full stop, and what to do in whole sentences", (_, { what, remedy }) => {
    expect(what).toMatch(/^[A-Z].*[^.]$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
    expect(remedy.length).toBeGreaterThan(20);
  });

  it("tells who opened the page over http from another machine that WebGPU needs https, and what to do", () => {
    const { what, remedy } = OBSTACLES.INSECURE_ADDRESS;
    expect(what).toContain("https");
    expect(remedy).toContain("ask your host for an https link");
    expect(remedy).toContain("processor");
  });
});

describe("the end of a worker, in words", () => {
  const end = (
    reason: "refused" | "closed" | "failed" | "left" | "finished" | "unreachable",
    code: string | number | null,
  ) => obstacleOfEnd({ reason, message: "", code }, true);

  it("is none when the worker left by itself", () => {
    expect(end("left", null)).toBeNull();
  });

  it.each([
    ["closed", 4001, "BAD_TOKEN"],
    ["refused", "BAD_TOKEN", "BAD_TOKEN"],
    ["refused", "CONNECT_REFUSED", "BAD_TOKEN"],
    ["refused", "VERSION_MISMATCH", "VERSION_MISMATCH"],
    ["closed", 4002, "VERSION_MISMATCH"],
    ["refused", "ARITHMETIC_CLASS", "ARITHMETIC_CLASS"],
    ["refused", "NO_COMMON_CODEC", "NO_COMMON_CODEC"],
    ["refused", "UNSUPPORTED_OPERATION", "UNSUPPORTED_OPERATION"],
    ["refused", "UNKNOWN_RUN", "UNKNOWN_RUN"],
    ["closed", 4003, "UNKNOWN_RUN"],
    ["closed", 4004, "QUARANTINED"],
    ["refused", "QUARANTINED", "QUARANTINED"],
    ["finished", 4005, "FINISHED"],
    ["unreachable", null, "UNREACHABLE"],
    ["failed", "THREAD_FAILED", "THREAD_LOST"],
    ["failed", "BYTES_VERSION", "VERSION_MISMATCH"],
    ["failed", "PROGRAM_MISMATCH", "CANNOT_COMPUTE"],
    ["failed", null, "CANNOT_COMPUTE"],
  ] as const)("%s with %s is %s", (reason, code, expected) => {
    expect(end(reason, code)).toBe(expected);
  });

  it("says that the link is not whole when the token is wrong because there was none", () => {
    expect(obstacleOfEnd({ reason: "refused", message: "", code: "CONNECT_REFUSED" }, false)).toBe("NO_TOKEN");
  });

  it("knows every close code after which a worker does not come back, but its own leaving", () => {
    const final = Object.values(CLOSE_CODES).filter(({ retry, code }) => retry === "never" && code !== 1000);
    expect(final.length).toBeGreaterThan(5);
    for (const { code } of final) expect(end("closed", code), String(code)).not.toBe("CANNOT_COMPUTE");
  });
});

import { describe, expect, it } from "vitest";
import { OPERATION_NAMES } from "./inference.ts";
import { f, refused } from "./testing/infer.ts";

describe("every operation", () => {
  it("has a rule; there are 44 primitives and 4 composites", () => {
    expect(OPERATION_NAMES).toHaveLength(48);
  });

  it("an unknown one is refused, whatever objects have properties of its name", () => {
    for (const name of ["eval", "toString", "constructor", "__proto__"]) {
      expect(refused(name as "add", {}, [f()]).code).toBe("OPERATION_UNKNOWN");
    }
  });
});

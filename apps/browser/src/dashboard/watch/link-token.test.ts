import { describe, expect, it } from "vitest";
import { linkToken, takeLinkToken } from "./link-token.ts";

function tab(hash: string, stored: string | null = null) {
  const seen = { stored, cleared: false };
  return {
    seen,
    surroundings: {
      hash,
      storage: {
        getItem: () => seen.stored,
        setItem: (_key: string, value: string) => {
          seen.stored = value;
        },
      },
      clearHash: () => {
        seen.cleared = true;
      },
    },
  };
}

describe("the token of the link", () => {
  it("is taken out of the address bar and kept for the tab", () => {
    const { seen, surroundings } = tab("#a=Abc-1_2");
    expect(takeLinkToken(surroundings)).toBe("Abc-1_2");
    expect(seen).toEqual({ stored: "Abc-1_2", cleared: true });
  });

  it("may have every letter that people may choose", () => {
    expect(linkToken("#a=A.token_of~16-letters")).toBe("A.token_of~16-letters");
    expect(linkToken("#main")).toBeNull();
  });

  it("is the admin's where there are two", () => {
    expect(takeLinkToken(tab("#t=join&a=admin").surroundings)).toBe("admin");
    expect(takeLinkToken(tab("#t=join").surroundings)).toBe("join");
  });

  it("is the one of before after a reload", () => {
    const { seen, surroundings } = tab("#workers", "kept");
    expect(takeLinkToken(surroundings)).toBe("kept");
    expect(seen.cleared).toBe(false);
  });

  it("is none where there is none, or none that a coordinator makes", () => {
    expect(takeLinkToken(tab("").surroundings)).toBeNull();
    expect(takeLinkToken(tab("#a=no, this is not one").surroundings)).toBeNull();
    expect(takeLinkToken({ ...tab("#a=x").surroundings, storage: null })).toBe("x");
  });
});

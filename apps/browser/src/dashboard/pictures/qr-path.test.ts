import { describe, expect, it } from "vitest";
import { qrPath } from "./qr-path.ts";

describe("the QR code", () => {
  it("has a quiet zone of four modules around its corners' squares", () => {
    const { side, path } = qrPath("http://127.0.0.1:7700/join");
    // Version n has 17 + 4 n modules, and 8 of the quiet zone.
    expect((side - 8 - 17) % 4).toBe(0);
    const starts = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map((match) => match.slice(1).map(Number));
    expect(Math.min(...starts.map(([x]) => x ?? 0))).toBe(4);
    expect(Math.max(...starts.map(([x, , run]) => (x ?? 0) + (run ?? 0)))).toBe(side - 4);
    // The finder patterns of the upper corners begin with seven dark modules (ISO/IEC 18004, 6.3.3).
    expect(starts).toContainEqual([4, 4, 7]);
    expect(starts).toContainEqual([side - 11, 4, 7]);
  });
});

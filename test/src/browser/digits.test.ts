import { generateDigits } from "@tributary/data";
import { expect, it } from "vitest";

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

it("a browser draws the digits that every machine draws: the hash pinned in the data package", async () => {
  const { inputs } = generateDigits({ seed: 0, stream: 0, first: 0, count: 100 });
  expect(navigator.userAgent).toContain("Chrome");
  expect(await sha256(inputs)).toBe("fb1efa24ff662cc74cd5e9655a4304fa70a1cd27beb0bb70b7cba0e459455e54");
});

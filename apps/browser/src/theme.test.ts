import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const CSS = readFileSync(new URL("./theme.css", import.meta.url), "utf8");
const [LIGHT = "", DARK = ""] = [...CSS.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1]);

/** Relative luminance of a colour. Source: WCAG 2.2, "relative luminance". */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(first: string, second: string): number {
  const [darker = 0, lighter = 0] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function colour(theme: string, name: string): string {
  const found = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(theme)?.[1];
  if (found === undefined) throw new Error(`The theme has no colour --${name}`);
  return found;
}

it("measures black on white as 21 : 1", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 6);
});

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
])("the %s theme", (_, theme) => {
  const surfaces = ["surface", "surface-raised", "surface-sunken"];

  it.each(["text", "text-muted", "accent", "good", "warn", "bad"])(
    "%s can be read on every surface: 4.5 : 1",
    (name) => {
      for (const surface of surfaces) {
        expect(contrast(colour(theme, name), colour(theme, surface)), surface).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  it("words on a filled button can be read, also under the pointer", () => {
    for (const fill of ["accent", "accent-strong"]) {
      expect(contrast(colour(theme, "on-accent"), colour(theme, fill)), fill).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each([
    "border-control",
    "focus",
    "series-1",
    "series-2",
    "series-3",
    "series-4",
    "series-5",
    "series-6",
    "series-7",
    "series-8",
  ])("%s can be seen on cards and on the page: 3 : 1", (name) => {
    for (const surface of ["surface", "surface-raised"]) {
      expect(contrast(colour(theme, name), colour(theme, surface)), surface).toBeGreaterThanOrEqual(3);
    }
  });
});

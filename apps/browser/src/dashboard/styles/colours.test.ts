import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const CSS = readFileSync(new URL("./colours.css", import.meta.url), "utf8");
const [LIGHT = "", DARK = ""] = [...CSS.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1]);

type Colour = readonly [red: number, green: number, blue: number];

/** Red, green, blue in linear light. Source: WCAG 2.2, "relative luminance". */
function linear(hex: string): Colour {
  const part = (start: number) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

const luminance = ([red, green, blue]: Colour) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

function contrast(first: string, second: string): number {
  const [darker = 0, lighter = 0] = [luminance(linear(first)), luminance(linear(second))].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function named(theme: string, name: string): string {
  const found = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(theme)?.[1];
  if (found === undefined) throw new Error(`There is no colour --${name}`);
  return found;
}

/**
 * What people without one kind of cone see, in linear light, row by row. Source: Machado, Oliveira and Fernandes (2009), "A
 * physiologically-based model for simulation of color vision deficiency", severity 1.0.
 */
const DEFICIENCIES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  "no deficiency": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seenAs(colour: Colour, matrix: readonly (readonly number[])[]): Colour {
  const [red = 0, green = 0, blue = 0] = matrix.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, weight, index) => sum + weight * (colour[index] ?? 0), 0),
      ),
    ),
  );
  return [red, green, blue];
}

/** L*, a*, b* for the white of sRGB (D65). Source: CIE 15:2004. */
function lab([red, green, blue]: Colour): Colour {
  const bent = (value: number) => (value > 216 / 24_389 ? Math.cbrt(value) : (value * 24_389) / 27 / 116 + 16 / 116);
  const x = bent((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047);
  const y = bent(0.2126729 * red + 0.7151522 * green + 0.072175 * blue);
  const z = bent((0.0193339 * red + 0.119192 * green + 0.9503041 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function difference(first: string, second: string, matrix: readonly (readonly number[])[]): number {
  const [a, b] = [lab(seenAs(linear(first), matrix)), lab(seenAs(linear(second), matrix))];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** In CIELAB: ten times what can just be seen (2.3, Mahy et al. 1994). */
const DIFFERENCE_MIN = 23;

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
])("the colours of data, %s", (_, theme) => {
  const slots = [1, 2, 3, 4, 5, 6, 7].map((slot) => named(theme, `series-${slot}`));

  it("stand out from the card: 3 : 1", () => {
    for (const colour of slots) expect(contrast(colour, named(theme, "card")), colour).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(DEFICIENCIES))(
    "keep training and test, and neighbours in a stack, apart: %s",
    (_name, matrix) => {
      const pairs = [
        ...slots.slice(1).map((slot, index) => [slots[index] ?? "", slot]),
        [slots[0] ?? "", slots[2] ?? ""],
      ];
      for (const [a = "", b = ""] of pairs) {
        expect(difference(a, b, matrix), `${a} and ${b}`).toBeGreaterThanOrEqual(DIFFERENCE_MIN);
      }
    },
  );

  it("let the numbers in the confusion matrix be read: 4.5 : 1", () => {
    for (const kind of ["right", "wrong"]) {
      for (const shade of [1, 2, 3, 4, 5]) {
        const text = named(theme, shade > 3 ? "shade-text-light" : "shade-text-dark");
        expect(contrast(text, named(theme, `${kind}-${shade}`)), `${kind}-${shade}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

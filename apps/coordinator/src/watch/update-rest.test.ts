import { expect, it } from "vitest";
import { updateRestMilliseconds } from "./update-rest.ts";

it.each([
  [0, 250],
  [64, 250],
  [128, 500],
  [200, 781.25],
])(
  "with %i workers %f ms pass from update to update: four a second, and no more than 256 rows a second",
  (rows, rest) => {
    expect(updateRestMilliseconds(rows)).toBe(rest);
  },
);

import * as op from "../primitives.ts";
import { type Rows, threeInputs } from "./rule.ts";

/** Values that come from nowhere, and random words. Nothing here has a gradient. */
export const SOURCES: Rows<"constant" | "iota" | "threefry"> = {
  constant: { forward: (_, attributes) => [op.constant(attributes)], gradient: () => [] },
  iota: { forward: (_, { shape, axis, dtype }) => [op.iota(shape, axis, dtype)], gradient: () => [] },
  threefry: threeInputs(op.threefry, () => [null, null, null]),
};

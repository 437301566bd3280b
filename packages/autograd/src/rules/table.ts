import type { OperationName } from "@tributary/program";
import { COMPOSITE_ROWS } from "./composites.ts";
import { CONTRACTIONS } from "./contractions.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { INDEXING } from "./indexing.ts";
import { MOVEMENT } from "./movement.ts";
import { REDUCTIONS } from "./reductions.ts";
import type { Rows } from "./rule.ts";
import { SCAN } from "./scan.ts";
import { SOURCES } from "./sources.ts";

/** One row an operation, forward and gradient side by side: without one for each, this does not compile. */
export const OPERATION_TABLE: Rows<OperationName> = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...MOVEMENT,
  ...CONTRACTIONS,
  ...INDEXING,
  ...SOURCES,
  ...SCAN,
  ...COMPOSITE_ROWS,
};

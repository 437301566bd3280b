import type { Row } from "./row.ts";
import { ACTIVATIONS } from "./rows/activations.ts";
import { LAYERS } from "./rows/layers.ts";
import { LOSSES } from "./rows/losses.ts";
import { NORMALISATIONS } from "./rows/normalisations.ts";
import { CLIPPING, OPTIMIZERS } from "./rows/optimizers.ts";
import { SCHEDULES } from "./rows/schedules.ts";
import { SEQUENCES } from "./rows/sequences.ts";

/** What stands for each fixture here: by family, then by the fixture's name. */
export const ROWS: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  layers: LAYERS,
  activations: ACTIVATIONS,
  normalisations: NORMALISATIONS,
  sequences: SEQUENCES,
  losses: LOSSES,
  optimizers: OPTIMIZERS,
  clipping: CLIPPING,
  schedules: SCHEDULES,
};

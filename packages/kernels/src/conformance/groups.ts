import { compositeGroups } from "./composite-cases.ts";
import type { ConformanceGroup } from "./conformance-case.ts";
import { contractionGroups } from "./contraction-cases.ts";
import { dividedGroups } from "./divided-cases.ts";
import { elementwiseGroups } from "./elementwise-cases.ts";
import { graphGroups } from "./graph-cases.ts";
import { indexingGroups } from "./indexing-cases.ts";
import { movementGroups } from "./movement-cases.ts";
import { randomGraphGroups } from "./random-graph.ts";
import { reductionGroups } from "./reduction-cases.ts";
import { scanGroups } from "./scan-cases.ts";
import { trainingGroups } from "./training-cases.ts";

/** Every group that is named after one operation; together they cover all of them. */
export function operationGroups(): ConformanceGroup[] {
  return [
    ...elementwiseGroups(),
    ...reductionGroups(),
    ...movementGroups(),
    ...contractionGroups(),
    ...indexingGroups(),
    ...compositeGroups(),
    ...scanGroups(),
  ];
}

/** Groups of graphs of many operations. */
export function composedGroups(): ConformanceGroup[] {
  return [...graphGroups(), ...dividedGroups(), ...trainingGroups(), ...randomGraphGroups()];
}

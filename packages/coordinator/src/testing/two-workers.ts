import { Scenario } from "./scenario.ts";

/** Two workers whose speed is known, at the beginning of the second step of 8 samples. */
export function twoMeasured(settings: ConstructorParameters<typeof Scenario>[0] = {}): Scenario {
  const run = new Scenario({ trainSamples: 64, ...settings });
  run.microbatchMs = 10;
  run.join("a", "b");
  run.work("a", "b");
  const spans = `${run.machine.step}: ${run.span("a")}, ${run.span("b")}`;
  if (spans !== "1: 8-12, 12-16") throw new Error(`Two equal workers do not share step 1 evenly: ${spans}`);
  return run;
}

import { DEFAULT_SETTINGS, type RunSettings } from "@tributary/coordinator";
import { PROTOCOL_VERSION } from "@tributary/protocol";
import type { SimulationPlan } from "./plan.ts";

/** Bytes of a gradient of the tiny model on its virtual wire. */
export const TINY_BYTES = 40_000;

const HASH = "0".repeat(64);

/** The settings of the machine for a drawn run. */
export function settingsOf(plan: SimulationPlan): RunSettings {
  const { samples, testSamples, batchSize, microbatch, epochs, quorum, leaseMicrobatches, deterministic } = plan;
  return {
    ...DEFAULT_SETTINGS,
    welcome: {
      protocol: PROTOCOL_VERSION,
      run: "tiny",
      term: 1,
      layout: { hash: HASH, parameterLength: 3, trainableLength: TINY_BYTES / 4, statisticsLength: 0, bufferLength: 0 },
      programs: { gradient: HASH, evaluate: testSamples > 0 ? HASH : null },
      variants: [],
      manifest: HASH,
      microbatch,
      seed: plan.seed,
      heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 10_000 },
    },
    programFormat: 1,
    operations: [],
    codecs: [{ name: "float32", bytes: TINY_BYTES, bytesMax: TINY_BYTES }],
    trainSamples: samples,
    testSamples,
    batchSize,
    microbatch,
    epochs,
    quorum,
    stepMilliseconds: 3_000,
    leaseMicrobatches,
    deterministic,
  };
}

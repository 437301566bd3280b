import { DEFAULT_SETTINGS, type RunSettings } from "@tributary/coordinator";
import { encodeManifest, manifestHash } from "@tributary/data";
import { encodeProgram, type Graph, PROGRAM_FORMAT_VERSION, type Program, programHash } from "@tributary/program";
import { codecNamed, contributionByteLength, PROTOCOL_VERSION } from "@tributary/protocol";
import type { TracedRun } from "@tributary/training";
import type { ComputeSetup } from "./compute/compute-message.ts";
import { LOST_AFTER_MILLISECONDS, PING_MILLISECONDS } from "./limits.ts";

/** Codec of the parameters that are broadcast. */
export const PARAMETERS_CODEC = "float32";

/** What may be chosen beside the run itself; see {@link RunSettings}. */
export type RunTuning = Partial<
  Pick<
    RunSettings,
    | "quorum"
    | "stepMilliseconds"
    | "leaseTargetMilliseconds"
    | "leaseMicrobatches"
    | "deterministic"
    | "checkpointSteps"
    | "workersMax"
  >
>;

/** Everything workers fetch by hash: programs, manifest, shards. */
export function blobsOf(run: TracedRun): ReadonlyMap<string, Uint8Array> {
  const programs = [run.programs, ...run.variants].flatMap(({ gradient, evaluate }) => [gradient, evaluate]);
  const manifest = new TextEncoder().encode(encodeManifest(run.data.manifest));
  return new Map([
    ...run.data.shards,
    ...programs.map((program): [string, Uint8Array] => [programHash(program), encodeProgram(program)]),
    [manifestHash(run.data.manifest), manifest],
  ]);
}

/** The machine's settings for a traced run. @param id of the run, as workers name it @param codecs preferred ones first */
export function settingsOf(run: TracedRun, id: string, codecs: readonly string[], tuning: RunTuning): RunSettings {
  const { layout, programs, recipe, data } = run;
  const { splits } = data.manifest;
  const { parameterLength, trainableLength, bufferLength, hash } = layout;
  const { statisticsLength } = run.sums;
  return {
    ...DEFAULT_SETTINGS,
    ...tuning,
    welcome: {
      protocol: PROTOCOL_VERSION,
      run: id,
      term: 1,
      layout: { hash, parameterLength, trainableLength, statisticsLength, bufferLength },
      programs: hashesOf(programs),
      variants: run.variants.map((variant) => ({ microbatch: variant.microbatch, programs: hashesOf(variant) })),
      manifest: manifestHash(data.manifest),
      microbatch: recipe.microbatch,
      seed: recipe.seed,
      heartbeat: { pingMilliseconds: PING_MILLISECONDS, lostAfterMilliseconds: LOST_AFTER_MILLISECONDS },
    },
    programFormat: PROGRAM_FORMAT_VERSION,
    operations: [...new Set([programs.gradient, programs.evaluate].flatMap(({ graph }) => operationsOf(graph)))],
    codecs: codecs.map((name) => {
      const bytes = contributionByteLength(codecNamed(name), { trainableLength, statisticsLength });
      return { name, bytes, bytesMax: bytes };
    }),
    trainSamples: splits.train.samples,
    testSamples: splits.test.samples,
    batchSize: recipe.batchSize,
    microbatch: recipe.microbatch,
    epochs: recipe.epochs,
    stepsMax: recipe.steps,
  };
}

function hashesOf({ gradient, evaluate }: Pick<TracedRun["programs"], "gradient" | "evaluate">) {
  return { gradient: programHash(gradient), evaluate: programHash(evaluate) };
}

/** What the compute thread needs of a traced run. */
export function computeSetupOf(run: TracedRun, backend: ComputeSetup["backend"]): ComputeSetup {
  const { layout, programs, sums, evaluationSums, stateLength, recipe } = run;
  const encode = (program: Program) => encodeProgram(program);
  return {
    backend,
    initialize: encode(programs.initialize),
    measure: encode(programs.measure),
    update: encode(programs.update),
    parameterLength: layout.parameterLength,
    trainableLength: layout.trainableLength,
    statisticsLength: sums.statisticsLength,
    stateLength,
    bufferLength: layout.bufferLength,
    sumsLength: sums.length,
    evaluationSumsLength: evaluationSums.length,
    seed: recipe.seed,
    parametersCodec: PARAMETERS_CODEC,
    step: 0,
    tensors: null,
  };
}

function operationsOf(graph: Graph): string[] {
  return graph.nodes.flatMap((node) =>
    node.operation === "scan" ? [node.operation, ...operationsOf(node.attributes.body)] : [node.operation],
  );
}

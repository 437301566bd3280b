import { encodeManifest, manifestHash, packDataset } from "@tributary/data";
import { createProgram, encodeProgram, GraphBuilder, type Program, programHash } from "@tributary/program";
import { PROTOCOL_VERSION, type WelcomeMessage } from "@tributary/protocol";
import type { FetchBlob } from "../transport.ts";

/** Samples of one microbatch. */
const MICROBATCH = 2;
const PARAMETERS = 4;

/**
 * A run small enough for a test to work out by hand: x [2] a sample, parameters p [4], buffers b [1].
 * gradient adds [sum w x0, sum w x1, sum w index, step + seed low + b | sum w (x . p), sum w, samples];
 * evaluate adds [sum w (x . p), sum w, samples].
 */
export interface TinyRun {
  readonly welcome: WelcomeMessage;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly fetchBlob: FetchBlob;
}

/**
 * Training samples are (0, 1), (10, 1), (20, 1), ...: sample i of the original order has x0 = 10 i.
 * @param parts numbers of parts of a microbatch that there are programs for
 */
export function createTinyRun(trainSamples: number, testSamples: number, parts: readonly number[] = []): TinyRun {
  const split = (samples: number) => ({
    samples,
    columns: { x: Float32Array.from({ length: 2 * samples }, (_, i) => (i % 2 === 0 ? 5 * i : 1)) },
  });
  const packed = packDataset(
    {
      fields: [{ name: "x", dtype: "float32", shape: [2] }],
      train: split(trainSamples),
      test: split(testSamples),
    },
    { shardBytes: 32 },
  );
  const manifest = packed.manifest;
  const blobs = new Map(packed.shards);
  const programsFor = (microbatch: number) => {
    const [gradient, evaluate] = [tinyProgram("gradient", microbatch), tinyProgram("evaluate", microbatch)];
    for (const program of [gradient, evaluate]) blobs.set(programHash(program), encodeProgram(program));
    return { gradient: programHash(gradient), evaluate: programHash(evaluate) };
  };
  blobs.set(manifestHash(manifest), ascii(encodeManifest(manifest)));
  const welcome: WelcomeMessage = {
    type: "welcome",
    protocol: PROTOCOL_VERSION,
    worker: "w1",
    run: "tiny",
    term: 1,
    layout: {
      hash: "0".repeat(64),
      parameterLength: PARAMETERS,
      trainableLength: PARAMETERS,
      statisticsLength: 0,
      bufferLength: 1,
    },
    programs: programsFor(MICROBATCH),
    variants: parts.map((count) => ({ microbatch: MICROBATCH / count, programs: programsFor(MICROBATCH / count) })),
    manifest: manifestHash(manifest),
    microbatch: MICROBATCH,
    step: 0,
    codec: "float32",
    seed: 2 ** 33 + 3,
    heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 15_000 },
  };
  const fetchBlob: FetchBlob = (hash) => {
    const bytes = blobs.get(hash);
    return bytes === undefined ? Promise.reject(new Error(`No blob ${hash}`)) : Promise.resolve(bytes);
  };
  return { welcome, blobs, fetchBlob };
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function tinyProgram(name: "gradient" | "evaluate", microbatch: number): Program {
  const builder = new GraphBuilder();
  const isGradient = name === "gradient";
  const sumsLength = isGradient ? PARAMETERS + 3 : 3;
  const parameters = builder.input({ dtype: "float32", shape: [PARAMETERS] });
  const buffers = builder.input({ dtype: "float32", shape: [1] });
  const x = builder.input({ dtype: "float32", shape: [microbatch, 2] });
  const weights = builder.input({ dtype: "float32", shape: [microbatch] });
  const indices = isGradient ? builder.input({ dtype: "uint32", shape: [microbatch] }) : 0;
  const seed = isGradient ? builder.input({ dtype: "uint32", shape: [2] }) : 0;
  const step = isGradient ? builder.input({ dtype: "uint32", shape: [1] }) : 0;
  const sums = builder.input({ dtype: "float32", shape: [sumsLength] });

  const row = (value: number) => builder.add("reshape", { shape: [1, microbatch] }, [value]);
  const total = (value: number) => builder.add("reshape", { shape: [1] }, [builder.add("sum", { axes: [0] }, [value])]);
  const matmul = { transposeA: false, transposeB: false };
  const weighted = builder.add("matmul", matmul, [row(weights), x]);
  const perSample = builder.add("slice", { starts: [0], ends: [2], strides: [1] }, [parameters]);
  const column = builder.add("reshape", { shape: [2, 1] }, [perSample]);
  const loss = builder.add("reshape", { shape: [1] }, [builder.add("matmul", matmul, [weighted, column])]);
  const count = total(weights);
  const parts: number[] = [];
  if (isGradient) {
    const index = builder.add("cast", { dtype: "float32" }, [indices]);
    const indexSum = total(builder.add("mul", {}, [weights, index]));
    const stepValue = builder.add("cast", { dtype: "float32" }, [step]);
    const low = builder.add("slice", { starts: [0], ends: [1], strides: [1] }, [seed]);
    const seedValue = builder.add("cast", { dtype: "float32" }, [low]);
    const constants = builder.add("add", {}, [builder.add("add", {}, [stepValue, seedValue]), buffers]);
    parts.push(builder.add("reshape", { shape: [2] }, [weighted]), indexSum, constants);
  }
  const microbatchSums = builder.add("concat", { axis: 0 }, [...parts, loss, count, count]);
  const graph = builder.build([builder.add("add", {}, [sums, microbatchSums])]);
  const inputs = ["parameters", "buffers", "x", "weights", ...(isGradient ? ["indices", "seed", "step"] : []), "sums"];
  return createProgram({ name, graph, inputs, outputs: [{ name: "sums", replaces: "sums" }] });
}

import { encodeManifest, manifestHash, packDataset } from "@tributary/data";
import { createProgram, encodeProgram, GraphBuilder, type Program, programHash } from "@tributary/program";
import { PROTOCOL_VERSION, type WelcomeMessage } from "@tributary/protocol";

/** Elements of a sample. */
const WIDTH = 4;

/** A run whose gradient is the weighted sum of its samples, for tests that work it out by hand. */
export interface CountingRun {
  readonly welcome: WelcomeMessage;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/**
 * Sample i is [1, 1, 1, 1]; the gradient of n samples is [n, n, n, n], and each of the three other sums is n.
 * @param busyWork side of square matrices that every microbatch multiplies for nothing: 0 for none
 */
export function createCountingRun(samples: number, microbatch: number, busyWork = 0): CountingRun {
  const split = (count: number) => ({ samples: count, columns: { x: new Float32Array(WIDTH * count).fill(1) } });
  const { manifest, shards } = packDataset(
    { fields: [{ name: "x", dtype: "float32", shape: [WIDTH] }], train: split(samples), test: split(0) },
    { shardBytes: 256 },
  );
  const gradient = countingProgram(microbatch, busyWork);
  const blobs = new Map(shards);
  blobs.set(programHash(gradient), encodeProgram(gradient));
  blobs.set(manifestHash(manifest), new TextEncoder().encode(encodeManifest(manifest)));
  const welcome: WelcomeMessage = {
    type: "welcome",
    protocol: PROTOCOL_VERSION,
    worker: "w1",
    run: "counting",
    term: 1,
    layout: {
      hash: "0".repeat(64),
      parameterLength: WIDTH,
      trainableLength: WIDTH,
      statisticsLength: 0,
      bufferLength: 0,
    },
    programs: { gradient: programHash(gradient), evaluate: null },
    variants: [],
    manifest: manifestHash(manifest),
    microbatch,
    step: 0,
    codec: "float32",
    seed: 1,
    heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 15_000 },
  };
  return { welcome, blobs };
}

function countingProgram(microbatch: number, busyWork: number): Program {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [microbatch, WIDTH] });
  const weights = builder.input({ dtype: "float32", shape: [microbatch] });
  const sums = builder.input({ dtype: "float32", shape: [WIDTH + 3] });
  const row = builder.add("reshape", { shape: [1, microbatch] }, [weights]);
  const matmul = { transposeA: false, transposeB: false };
  const gradient = builder.add("reshape", { shape: [WIDTH] }, [builder.add("matmul", matmul, [row, x])]);
  const sum = builder.add("reshape", { shape: [1] }, [builder.add("sum", { axes: [0] }, [weights])]);
  let count = sum;
  if (busyWork > 0) {
    // The product of matrices of zeros, made from data so that no compiler knows it: adds nothing to the sum.
    const zero = builder.add("sub", {}, [sum, sum]);
    const square = builder.add("broadcast", { shape: [busyWork, busyWork] }, [zero]);
    const product = builder.add("matmul", matmul, [square, square]);
    const total = builder.add("reshape", { shape: [1] }, [builder.add("sum", { axes: [0, 1] }, [product])]);
    count = builder.add("add", {}, [sum, total]);
  }
  const all = builder.add("concat", { axis: 0 }, [gradient, count, count, count]);
  const graph = builder.build([builder.add("add", {}, [sums, all])]);
  const inputs = ["x", "weights", "sums"];
  return createProgram({ name: "gradient", graph, inputs, outputs: [{ name: "sums", replaces: "sums" }] });
}

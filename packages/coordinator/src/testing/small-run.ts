import { type HelloMessage, PROTOCOL_VERSION } from "@tributary/protocol";
import { DEFAULT_SETTINGS, type RunSettings } from "../settings.ts";

const HASH = "0".repeat(64);

/** Bytes of a gradient in these scenarios. */
export const GRADIENT_BYTES = 64;

/** A run of 8 samples in one step, in microbatches of 1; nothing is evaluated. */
export const SMALL_RUN: RunSettings = {
  ...DEFAULT_SETTINGS,
  welcome: {
    protocol: PROTOCOL_VERSION,
    run: "small",
    term: 1,
    layout: { hash: HASH, parameterLength: 16, trainableLength: 16, statisticsLength: 0, bufferLength: 0 },
    programs: { gradient: HASH, evaluate: HASH },
    variants: [],
    manifest: HASH,
    microbatch: 1,
    seed: 0,
    heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 10_000 },
  },
  programFormat: 1,
  operations: ["add"],
  codecs: [{ name: "float32", bytes: GRADIENT_BYTES, bytesMax: GRADIENT_BYTES }],
  trainSamples: 8,
  testSamples: 0,
  batchSize: 8,
  microbatch: 1,
  epochs: 1,
};

/** What a worker of it says first. */
export const SMALL_HELLO: HelloMessage = {
  type: "hello",
  protocol: PROTOCOL_VERSION,
  programFormats: [1],
  operations: null,
  run: null,
  name: "worker",
  backend: "wasm",
  kind: "node",
  adapter: null,
  arithmeticClass: "wasm-simd",
  threads: 1,
  codecs: ["float32"],
  resume: null,
};

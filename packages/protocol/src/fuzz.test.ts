import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeControl } from "./control-codec.ts";
import { crc32 } from "./crc32.ts";
import { ProtocolError } from "./errors.ts";
import { decodeFrame, encodeChunkFrame } from "./frame.ts";
import { decodeCoordinatorMessage, decodeWorkerMessage, encodeMessage } from "./messages.ts";
import { Reassembly } from "./transfer.ts";

// A fixed seed: a failure is the same everywhere. Half of the 10,000 are frames, half control parts.
const OPTIONS = { seed: 20_261_120, numRuns: 5_000 };
const HEAP_GROWTH_BYTES_MAX = 64 * 2 ** 20;

const VALID_FRAMES = [
  encodeMessage({ type: "ready", step: 3 }),
  encodeMessage({
    type: "result",
    lease: 1,
    step: 3,
    microbatches: 2,
    milliseconds: 1.5,
    codec: "float16",
    byteLength: 20,
  }),
  encodeMessage({ type: "evaluation", lease: 2, step: 3, microbatches: 1, milliseconds: 0, sums: new Uint8Array(12) }),
  encodeMessage({ type: "lease", lease: 1, step: 7, kind: "gradient", epoch: 0, start: 0, end: 256, milliseconds: 9 }),
  encodeChunkFrame(1, 0, new Uint8Array(64)),
];

/** A valid frame with some bytes changed, and perhaps cut or lengthened. */
const mutatedFrame = fc
  .record({
    frame: fc.constantFrom(...VALID_FRAMES),
    changes: fc.array(fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    cut: fc.option(fc.nat(), { freq: 4 }),
    tail: fc.option(fc.uint8Array({ maxLength: 16 }), { freq: 4 }),
  })
  .map(({ frame, changes, cut, tail }) => {
    const changed = frame.slice();
    for (const { at, to } of changes) changed[at % changed.length] = to;
    const kept = cut === null ? changed : changed.subarray(0, cut % (changed.length + 1));
    return tail === null ? kept : new Uint8Array([...kept, ...tail]);
  });

const anyFrame = fc.oneof(mutatedFrame, fc.uint8Array({ maxLength: 256 }));

/** MessagePack of arbitrary plain values under the keys messages have, or mutated or arbitrary bytes. */
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, false, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, "gradient", "__proto__"),
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const messageLike = fc.record(
  {
    type: fc.constantFrom("hello", "ready", "result", "evaluation", "contribution", "lease", "welcome", "nonsense"),
    lease: plain,
    step: plain,
    tensor: plain,
    sums: plain,
    codecs: plain,
    layout: plain,
  },
  { requiredKeys: ["type"], noNullPrototype: true },
);
const anyControl = fc.oneof(
  messageLike.map((message) => {
    try {
      return encodeControl(message);
    } catch {
      return new Uint8Array([0x80]); // Nested deeper than we send.
    }
  }),
  fc.uint8Array({ maxLength: 200 }),
  fc
    .uint8Array({ maxLength: 200 })
    .map((tail) => new Uint8Array([0x8f, 0xa4, ...new TextEncoder().encode("type"), ...tail])),
);

/** Runs what may throw a ProtocolError; anything else that is thrown fails the test. */
function survives(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** What a receiver does with every frame that comes. */
function receive(frame: Uint8Array): void {
  const reassembly = new Reassembly({ crc32 });
  reassembly.begin({ transfer: 1, byteLength: 64, elements: 16, codec: "float32", crc32: 0 }, 64);
  survives(() => {
    const decoded = decodeFrame(frame);
    if (decoded.kind === "chunk") reassembly.accept(decoded);
    else for (const decode of [decodeWorkerMessage, decodeCoordinatorMessage]) survives(() => decode(decoded.control));
  });
}

describe("malformed input", () => {
  it("[F3] 5,000 broken frames cause nothing but ProtocolErrors, and leave no memory behind", () => {
    const before = process.memoryUsage();
    fc.assert(fc.property(anyFrame, receive), OPTIONS);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  });

  it("[M1] 5,000 broken control parts cause nothing but ProtocolErrors, and leave no memory behind", () => {
    const before = process.memoryUsage();
    const decodeBoth = (control: Uint8Array) => {
      survives(() => decodeWorkerMessage(control));
      survives(() => decodeCoordinatorMessage(control));
    };
    fc.assert(fc.property(anyControl, decodeBoth), OPTIONS);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  });
});

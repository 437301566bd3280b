import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeControl } from "./control-codec.ts";
import { type CoordinatorMessage, coordinatorMessageSchema } from "./coordinator-messages.ts";
import { decodeFrame } from "./frame.ts";
import { PROTOCOL_VERSION } from "./limits.ts";
import { decodeCoordinatorMessage, decodeWorkerMessage, encodeMessage } from "./messages.ts";
import { type WorkerMessage, workerMessageSchema } from "./worker-messages.ts";

const HASH = "ab".repeat(32);
const TENSOR = { transfer: 1, byteLength: 40, elements: 10, codec: "float32", crc32: 0xffff_ffff };
const SUMS = new Uint8Array(12);

const WORKER_MESSAGES: readonly WorkerMessage[] = [
  {
    type: "hello",
    protocol: PROTOCOL_VERSION,
    programFormats: [1],
    operations: null,
    run: "digits-1",
    name: "Zoë 2.b_-",
    backend: "wasm",
    kind: "tab",
    adapter: "Apple M3 (metal)",
    arithmeticClass: "wasm-nofma",
    threads: 2,
    codecs: ["float16", "float32"],
    resume: "w.1",
  },
  { type: "ready", step: 0 },
  { type: "result", lease: 1, step: 3, microbatches: 2, milliseconds: 1.5, codec: "float16", byteLength: 20 },
  { type: "evaluation", lease: 2, step: 3, microbatches: 1, milliseconds: 0, sums: SUMS },
  { type: "contribution", lease: 1, step: 3, microbatches: 2, tensor: TENSOR, sums: SUMS },
  { type: "decline", lease: 1, step: 3, reason: "stale", detail: "" },
  { type: "leave", reason: "stopped by a signal" },
];

const COORDINATOR_MESSAGES: readonly CoordinatorMessage[] = [
  {
    type: "welcome",
    protocol: PROTOCOL_VERSION,
    worker: "w1",
    run: "digits-1",
    term: 1,
    layout: { hash: HASH, parameterLength: 12, trainableLength: 12, statisticsLength: 0, bufferLength: 0 },
    programs: { gradient: HASH, evaluate: null },
    variants: [{ microbatch: 16, programs: { gradient: HASH, evaluate: HASH } }],
    manifest: HASH,
    microbatch: 32,
    step: 7,
    codec: "float32",
    seed: 2 ** 53 - 1,
    heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 15_000 },
  },
  { type: "parameters", step: 7, tensor: TENSOR },
  { type: "lease", lease: 1, step: 7, kind: "gradient", epoch: 0, start: 0, end: 256, milliseconds: 2_000 },
  { type: "credit", lease: 1, step: 7 },
  { type: "cancel", lease: 1, step: 7, reason: "the deadline passed" },
  { type: "rejected", lease: 1, code: "STALE_STEP", step: 8 },
  { type: "finish", reason: "all epochs are done" },
  { type: "refused", code: "FULL", message: "512 workers are here", remedy: "Try again later" },
];

function controlOf(message: WorkerMessage | CoordinatorMessage): Uint8Array {
  const frame = decodeFrame(encodeMessage(message));
  if (frame.kind !== "message") throw new Error("Not a message frame");
  return frame.control;
}

describe("messages", () => {
  it.each(WORKER_MESSAGES.map((message): [string, WorkerMessage] => [message.type, message]))(
    "[M1] a worker's %s arrives as it was sent, and a coordinator cannot say it",
    (_, message) => {
      expect(decodeWorkerMessage(controlOf(message))).toEqual(message);
      expect(() => decodeCoordinatorMessage(controlOf(message))).toThrow(
        expect.objectContaining({ code: "MESSAGE_INVALID" }),
      );
    },
  );

  it.each(COORDINATOR_MESSAGES.map((message): [string, CoordinatorMessage] => [message.type, message]))(
    "[M1] a coordinator's %s arrives as it was sent, and a worker cannot say it",
    (_, message) => {
      expect(decodeCoordinatorMessage(controlOf(message))).toEqual(message);
      expect(() => decodeWorkerMessage(controlOf(message))).toThrow(
        expect.objectContaining({ code: "MESSAGE_INVALID" }),
      );
    },
  );

  it.each([...WORKER_MESSAGES, ...COORDINATOR_MESSAGES].map((message): [string, object] => [message.type, message]))(
    "[M1] %s with an unknown key, or without one of its keys, is refused",
    (_, message) => {
      const decode = (value: object) => {
        const isWorkers = WORKER_MESSAGES.some((known) => known === message);
        return isWorkers ? decodeWorkerMessage(encodeControl(value)) : decodeCoordinatorMessage(encodeControl(value));
      };
      expect(() => decode({ ...message, extra: 1 })).toThrow(expect.objectContaining({ code: "MESSAGE_INVALID" }));
      for (const key of Object.keys(message)) {
        const partial = Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));
        expect(() => decode(partial)).toThrow(expect.objectContaining({ code: "MESSAGE_INVALID" }));
      }
    },
  );

  it.each([
    ["a name with markup", { name: "<img onerror=x>" }],
    ["an empty name", { name: "" }],
    ["a kind that is neither a Node process nor a tab", { kind: "robot" }],
    ["an adapter that forges a line", { adapter: "GPU\nStep 1" }],
    ["an adapter that turns text around", { adapter: "GPU \u202e" }],
    ["an adapter of 129 characters", { adapter: "a".repeat(129) }],
    ["a name of 33 characters", { name: "a".repeat(33) }],
    ["a run id that is a path", { run: "../etc" }],
    ["no codec", { codecs: [] }],
    ["seventeen codecs", { codecs: Array(17).fill("float32") }],
    ["no threads", { threads: 0 }],
    ["a version that is no integer", { protocol: 1.5 }],
  ])("[M1] hello with %s is refused", (_, change) => {
    const hello = { ...WORKER_MESSAGES[0], ...change };
    expect(() => decodeWorkerMessage(encodeControl(hello))).toThrow(
      expect.objectContaining({ code: "MESSAGE_INVALID" }),
    );
  });

  it.each([
    ["an empty range", { start: 5, end: 5 }],
    ["a range backwards", { start: 6, end: 5 }],
    ["lease 0", { lease: 0 }],
    ["no time", { milliseconds: 0 }],
    ["an unknown kind", { kind: "steal" }],
  ])("[M1] a lease with %s is refused", (_, change) => {
    const lease = { ...COORDINATOR_MESSAGES[2], ...change };
    expect(() => decodeCoordinatorMessage(encodeControl(lease))).toThrow(
      expect.objectContaining({ code: "MESSAGE_INVALID" }),
    );
  });

  it.each([
    ["no bytes", new Uint8Array(0)],
    ["a length that is no multiple of 4", new Uint8Array(7)],
    ["more than 16 KiB", new Uint8Array(16_388)],
  ])("[M1] sums of %s are refused", (_, sums) => {
    const evaluation = { ...WORKER_MESSAGES[3], sums };
    expect(() => decodeWorkerMessage(encodeControl(evaluation))).toThrow(
      expect.objectContaining({ code: "MESSAGE_INVALID" }),
    );
  });

  it("[M1] a message that breaks its own schema is not sent", () => {
    const lease = { ...COORDINATOR_MESSAGES[2], end: 0 } as CoordinatorMessage;
    expect(() => encodeMessage(lease)).toThrow(expect.objectContaining({ code: "MESSAGE_INVALID" }));
  });
});

describe("version", () => {
  /** A schema without its functions: what is left says which keys, types and bounds a message has. */
  function structure(schema: unknown): string {
    return JSON.stringify(schema, (key, value: unknown) => {
      if (value instanceof RegExp) return String(value);
      return key === "~standard" || key === "message" ? undefined : value;
    });
  }

  const HASH_OF_VERSION: Readonly<Record<number, string>> = {
    1: "55bca4500c9a154124aa6ff42fd2f0f52c27e46d8b64a92804e9fd31a5903fda",
    2: "35e2a6f5b64d9302a3b3dc9afe4c8bfaea407d76a8ac7d5749794212ab48483e",
    3: "b87ceddd805845128517e51ece64c8bdbf50f31571841c9fb0eceb3f19fd761a",
  };

  it("[M2] the messages are those of this protocol version: whoever changes a schema gives PROTOCOL_VERSION a new number and its hash a line above", () => {
    const text = structure(workerMessageSchema) + structure(coordinatorMessageSchema);
    expect(createHash("sha256").update(text).digest("hex")).toBe(HASH_OF_VERSION[PROTOCOL_VERSION]);
  });
});

import { PROGRAM_FORMAT_VERSION } from "@tributary/program";
import { PROTOCOL_VERSION } from "@tributary/protocol";
import type { Plain } from "./message-pack.ts";

/** Bytes of a frame's header. */
export const HEADER_BYTES = 32;
/** Bytes of the largest chunk. */
export const CHUNK_BYTES_MAX = 524_288;
/** Bytes of the largest control part. */
export const CONTROL_BYTES_MAX = 65_536;

/** What a worker says first; nothing is wrong with it. */
export const HELLO = {
  type: "hello",
  protocol: PROTOCOL_VERSION,
  programFormats: [PROGRAM_FORMAT_VERSION],
  operations: null,
  run: null,
  name: "stranger",
  backend: "wasm",
  kind: "node",
  adapter: null,
  arithmeticClass: "stranger",
  threads: 1,
  codecs: ["float32"],
  resume: null,
} as const;

/** Every other message of a worker; nothing is wrong with them but, before a hello, their place. */
export const MESSAGES: readonly { readonly [key: string]: Plain }[] = [
  { type: "ready", step: 0 },
  { type: "result", lease: 1, step: 0, microbatches: 1, milliseconds: 1.5, codec: "float32", byteLength: 112 },
  { type: "evaluation", lease: 1, step: 0, microbatches: 1, milliseconds: 1.5, sums: new Uint8Array(16) },
  {
    type: "contribution",
    lease: 1,
    step: 0,
    microbatches: 1,
    tensor: { transfer: 1, byteLength: 112, elements: 28, codec: "float32", crc32: 0 },
    sums: new Uint8Array(16),
  },
  { type: "decline", lease: 1, step: 0, reason: "failed", detail: "" },
  { type: "leave", reason: "" },
];

/** What only a coordinator may say. */
export const COORDINATOR_MESSAGES: readonly { readonly [key: string]: Plain }[] = [
  { type: "lease", lease: 1, step: 0, kind: "gradient", epoch: 0, start: 0, end: 8, milliseconds: 1_000 },
  { type: "credit", lease: 1, step: 0 },
  { type: "cancel", lease: 1, step: 0, reason: "" },
  { type: "rejected", lease: 1, code: "STALE_STEP", step: 0 },
  { type: "finish", reason: "" },
];

/** A frame after PROTOCOL.md, rule F2. */
export function messageFrame(control: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + Math.ceil(control.length / 8) * 8);
  const view = header(frame, 1);
  view.setUint32(8, control.length, true);
  frame.set(control, HEADER_BYTES);
  return frame;
}

/** A frame with a piece of a tensor, all zeros. */
export function chunkFrame(transfer: number, offset: number, length: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + length);
  const view = header(frame, 2);
  view.setUint32(12, length, true);
  view.setUint32(16, transfer, true);
  view.setUint32(24, offset, true);
  return frame;
}

function header(frame: Uint8Array, kind: number): DataView {
  const view = new DataView(frame.buffer);
  frame.set([0x54, 0x52, 0x49, 0x42, 1, kind]);
  return view;
}

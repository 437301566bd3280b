import { ProtocolError } from "./errors.ts";
import { CHUNK_BYTES_MAX, CONTROL_BYTES_MAX, FRAME_HEADER_BYTES } from "./limits.ts";

// Layout of the header, little-endian; PROTOCOL.md gives the same table.
const MAGIC = 0x42495254; // "TRIB"
const FRAME_VERSION = 1;
const VERSION_OFFSET = 4;
const KIND_OFFSET = 5;
const RESERVED_OFFSET = 6;
const CONTROL_LENGTH_OFFSET = 8;
const TENSOR_LENGTH_OFFSET = 12;
const TRANSFER_OFFSET = 16;
const PADDING_OFFSET = 20;
const OFFSET_LOW_OFFSET = 24;
const OFFSET_HIGH_OFFSET = 28;

const KIND_MESSAGE = 1;
const KIND_CHUNK = 2;
const TWO_TO_32 = 2 ** 32;

/** Every part of a frame begins at a multiple of this many bytes from the frame's start. */
const FRAME_ALIGNMENT = 8;

/** A frame with one message in its control part. */
export interface MessageFrame {
  readonly kind: "message";
  /** MessagePack; a view into the frame. */
  readonly control: Uint8Array;
}

/** A frame with a piece of a tensor. */
export interface ChunkFrame {
  readonly kind: "chunk";
  /** Id of the {@link TensorDescriptor} the piece belongs to. */
  readonly transfer: number;
  /** Bytes of the tensor before this piece: a multiple of 8. */
  readonly offset: number;
  /** At least 1 byte; a view into the frame. */
  readonly bytes: Uint8Array;
}

/** What one binary WebSocket message carries. */
export type Frame = MessageFrame | ChunkFrame;

function padded(length: number): number {
  return Math.ceil(length / FRAME_ALIGNMENT) * FRAME_ALIGNMENT;
}

function writeHeader(frame: Uint8Array, kind: number, controlLength: number, tensorLength: number): DataView {
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint8(VERSION_OFFSET, FRAME_VERSION);
  view.setUint8(KIND_OFFSET, kind);
  view.setUint32(CONTROL_LENGTH_OFFSET, controlLength, true);
  view.setUint32(TENSOR_LENGTH_OFFSET, tensorLength, true);
  return view;
}

/** Puts a control part into a new frame, which the caller owns. Copies `control`. @throws ProtocolError FRAME_TOO_LARGE */
export function encodeMessageFrame(control: Uint8Array): Uint8Array<ArrayBuffer> {
  if (control.byteLength > CONTROL_BYTES_MAX || control.byteLength === 0) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A control part has ${control.byteLength} bytes, but must have 1 to ${CONTROL_BYTES_MAX}: send tensors as chunks`,
    );
  }
  const frame = new Uint8Array(FRAME_HEADER_BYTES + padded(control.byteLength));
  writeHeader(frame, KIND_MESSAGE, control.byteLength, 0);
  frame.set(control, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Puts a piece of a tensor into a new frame, which the caller owns. Copies `bytes`.
 * @param offset bytes of the tensor before this piece: a multiple of 8
 * @throws ProtocolError FRAME_TOO_LARGE, FRAME_OFFSET
 */
export function encodeChunkFrame(transfer: number, offset: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes.byteLength);
  encodeChunkFrameInto(transfer, offset, bytes, frame);
  return frame;
}

/**
 * Puts a piece of a tensor into memory that is there. Copies `bytes`.
 * @param frame exactly FRAME_HEADER_BYTES and the bytes long; may hold anything
 * @throws ProtocolError FRAME_TOO_LARGE, FRAME_OFFSET
 */
export function encodeChunkFrameInto(transfer: number, offset: number, bytes: Uint8Array, frame: Uint8Array): void {
  if (bytes.byteLength === 0 || bytes.byteLength > CHUNK_BYTES_MAX) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A chunk has ${bytes.byteLength} bytes, but must have 1 to ${CHUNK_BYTES_MAX}: split the tensor`,
    );
  }
  checkOffset(offset, bytes.byteLength);
  frame.fill(0, 0, FRAME_HEADER_BYTES);
  const view = writeHeader(frame, KIND_CHUNK, 0, bytes.byteLength);
  view.setUint32(TRANSFER_OFFSET, transfer, true);
  view.setUint32(OFFSET_LOW_OFFSET, offset % TWO_TO_32, true);
  view.setUint32(OFFSET_HIGH_OFFSET, Math.floor(offset / TWO_TO_32), true);
  frame.set(bytes, FRAME_HEADER_BYTES);
}

function checkOffset(offset: number, length: number): void {
  if (!Number.isSafeInteger(offset + length) || offset < 0 || offset % FRAME_ALIGNMENT !== 0) {
    throw new ProtocolError(
      "FRAME_OFFSET",
      `A chunk of ${length} bytes begins at byte ${offset}, which must be a multiple of ${FRAME_ALIGNMENT} below 2^53`,
    );
  }
}

/**
 * Takes one binary WebSocket message apart. Borrows `frame`: the parts are views into it, plain ones even of a Buffer.
 * Nothing is allocated in proportion to what the header claims.
 * @throws ProtocolError with a FRAME_ code
 */
export function decodeFrame(frame: Uint8Array): Frame {
  if (frame.byteLength < FRAME_HEADER_BYTES) {
    throw new ProtocolError(
      "FRAME_TOO_SHORT",
      `A frame has ${frame.byteLength} bytes, but its header alone has ${FRAME_HEADER_BYTES}`,
    );
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  checkHeader(view);
  switch (view.getUint8(KIND_OFFSET)) {
    case KIND_MESSAGE:
      return decodeMessageFrame(frame, view);
    case KIND_CHUNK:
      return decodeChunkFrame(frame, view);
    default:
      throw new ProtocolError("FRAME_KIND", `A frame is of kind ${view.getUint8(KIND_OFFSET)}, but there are 1 and 2`);
  }
}

function checkHeader(view: DataView): void {
  if (view.getUint32(0, true) !== MAGIC) {
    throw new ProtocolError("FRAME_MAGIC", "A frame does not begin with TRIB: is the other side a Tributary?");
  }
  const version = view.getUint8(VERSION_OFFSET);
  if (version !== FRAME_VERSION) {
    throw new ProtocolError("FRAME_VERSION", `A frame has version ${version}, but this side speaks ${FRAME_VERSION}`);
  }
  if (view.getUint16(RESERVED_OFFSET, true) !== 0 || view.getUint32(PADDING_OFFSET, true) !== 0) {
    throw new ProtocolError("FRAME_RESERVED", "Reserved bytes of a frame's header are not zero");
  }
}

function decodeMessageFrame(frame: Uint8Array, view: DataView): MessageFrame {
  const controlLength = view.getUint32(CONTROL_LENGTH_OFFSET, true);
  if (controlLength > CONTROL_BYTES_MAX) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A control part has ${controlLength} bytes, but the most is ${CONTROL_BYTES_MAX}`,
    );
  }
  const chunkFields = [TENSOR_LENGTH_OFFSET, TRANSFER_OFFSET, OFFSET_LOW_OFFSET, OFFSET_HIGH_OFFSET];
  if (controlLength === 0 || chunkFields.some((offset) => view.getUint32(offset, true) !== 0)) {
    throw new ProtocolError("FRAME_KIND", "A message frame has no control part, or has the fields of a chunk");
  }
  const end = FRAME_HEADER_BYTES + controlLength;
  checkLength(frame, FRAME_HEADER_BYTES + padded(controlLength));
  for (let index = end; index < frame.byteLength; index++) {
    if (frame[index] !== 0) throw new ProtocolError("FRAME_RESERVED", "Padding after a control part is not zero");
  }
  return { kind: "message", control: plainView(frame, controlLength) };
}

function decodeChunkFrame(frame: Uint8Array, view: DataView): ChunkFrame {
  const tensorLength = view.getUint32(TENSOR_LENGTH_OFFSET, true);
  if (tensorLength > CHUNK_BYTES_MAX) {
    throw new ProtocolError("FRAME_TOO_LARGE", `A chunk has ${tensorLength} bytes, but the most is ${CHUNK_BYTES_MAX}`);
  }
  const transfer = view.getUint32(TRANSFER_OFFSET, true);
  if (tensorLength === 0 || transfer === 0 || view.getUint32(CONTROL_LENGTH_OFFSET, true) !== 0) {
    throw new ProtocolError("FRAME_KIND", "A chunk frame has no bytes, no transfer id, or a control part");
  }
  checkLength(frame, FRAME_HEADER_BYTES + tensorLength);
  const offset = view.getUint32(OFFSET_LOW_OFFSET, true) + view.getUint32(OFFSET_HIGH_OFFSET, true) * TWO_TO_32;
  checkOffset(offset, tensorLength);
  return { kind: "chunk", transfer, offset, bytes: plainView(frame, tensorLength) };
}

// Node's sockets give Buffers, whose `slice` shares memory where a Uint8Array's copies it: a trap for whoever comes after.
function plainView(frame: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(frame.buffer, frame.byteOffset + FRAME_HEADER_BYTES, length);
}

function checkLength(frame: Uint8Array, expected: number): void {
  if (frame.byteLength !== expected) {
    throw new ProtocolError("FRAME_LENGTH", `A frame has ${frame.byteLength} bytes, but its header says ${expected}`);
  }
}

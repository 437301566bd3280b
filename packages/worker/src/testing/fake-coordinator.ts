import {
  type ChunkFrame,
  type CoordinatorMessage,
  chunkFrames,
  codecNamed,
  crc32,
  decodeFrame,
  decodeWorkerMessage,
  encodeMessage,
  type WorkerMessage,
} from "@tributary/protocol";
import { WorkerError } from "../errors.ts";
import type { Connect, Transport, TransportHandlers } from "../transport.ts";

/** A message of the type asked for. */
type MessageOf<Type extends WorkerMessage["type"]> = Extract<WorkerMessage, { readonly type: Type }>;

/** The other end of an in-memory connection, played by a test: it says what it is told to, and keeps what it hears. */
export class FakeCoordinator {
  /** Messages heard and not yet taken by `hear`. */
  readonly heard: WorkerMessage[] = [];
  /** Chunks heard. */
  readonly chunks: ChunkFrame[] = [];
  /** Codes with which the worker closed. */
  readonly closedWith: number[] = [];
  /** Attempts to connect that fail, counted down. */
  failures = 0;
  /** Frames the worker may send before `send` stays pending; null: any number. */
  room: number | null = null;
  connections = 0;
  seesPings = true;
  #handlers: TransportHandlers | null = null;
  #transfer = 0;
  #arrived: () => void = () => {};
  #waiting: (() => void)[] = [];

  /** What the session under test connects with. */
  readonly connect: Connect = (handlers) => {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new WorkerError("CONNECT_FAILED", "Nobody is here"));
    }
    this.connections += 1;
    this.#handlers = handlers;
    return Promise.resolve(this.#transportOf(handlers));
  };

  #transportOf(handlers: TransportHandlers): Transport {
    return {
      seesPings: this.seesPings,
      send: async (frame) => {
        if (this.#handlers !== handlers) return;
        this.#receive(frame);
        if (this.room === null) return;
        this.room -= 1;
        if (this.room < 0) {
          await new Promise<void>((resolve) => {
            this.#waiting.push(resolve);
          });
        }
      },
      close: (code, reason) => {
        if (this.#handlers !== handlers) return;
        this.closedWith.push(code);
        this.#end(code, reason);
      },
    };
  }

  #receive(frame: Uint8Array): void {
    const decoded = decodeFrame(frame);
    if (decoded.kind === "chunk") this.chunks.push(decoded);
    else this.heard.push(decodeWorkerMessage(decoded.control));
    this.#arrived();
  }

  #end(code: number, reason: string): void {
    const handlers = this.#handlers;
    this.#handlers = null;
    this.makeRoom();
    handlers?.onClose(code, reason);
  }

  /** Room for any number of frames again. */
  makeRoom(): void {
    this.room = null;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  say(message: CoordinatorMessage): void {
    this.sayBytes(encodeMessage(message));
  }

  sayBytes(frame: Uint8Array): void {
    this.#handlers?.onMessage(frame);
  }

  /** Parameters and buffers, announced and in chunks. */
  sayParameters(step: number, values: Float32Array, codec = "float32"): void {
    const bytes = new Uint8Array(codecNamed(codec).encodedByteLength(values.length));
    codecNamed(codec).encode(values, bytes);
    this.#transfer += 1;
    const transfer = this.#transfer;
    const tensor = { transfer, byteLength: bytes.byteLength, elements: values.length, codec, crc32: crc32(bytes) };
    this.say({ type: "parameters", step, tensor });
    for (const frame of chunkFrames(transfer, bytes)) this.sayBytes(frame);
  }

  /** Leaves out so many transfer ids: a test announced them itself. */
  skipTransfers(count: number): void {
    this.#transfer += count;
  }

  ping(): void {
    this.#handlers?.onPing();
  }

  /** Breaks or closes the connection from this side. */
  close(code: number): void {
    this.#end(code, "");
  }

  /** The next message, which must be of this type. */
  async hear<Type extends WorkerMessage["type"]>(type: Type): Promise<MessageOf<Type>> {
    while (this.heard.length === 0) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const message = this.heard.shift();
    if (!isOf(message, type)) throw new Error(`The worker said ${JSON.stringify(message)} instead of ${type}`);
    return message;
  }
}

function isOf<Type extends WorkerMessage["type"]>(
  message: WorkerMessage | undefined,
  type: Type,
): message is MessageOf<Type> {
  return message?.type === type;
}

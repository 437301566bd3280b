import {
  type CoordinatorMessage,
  chunkFrames,
  crc32,
  decodeFrame,
  decodeWorkerMessage,
  encodeMessage,
  PROTOCOL_VERSION,
  type WelcomeMessage,
  type WorkerMessage,
} from "@tributary/protocol";
import type { BrowserSocket } from "../socket-connector.ts";

const HASH = "0".repeat(64);
const LAYOUT = { hash: HASH, parameterLength: 2, trainableLength: 2, statisticsLength: 0, bufferLength: 0 };

/** What the played coordinator lets workers in with. */
export const WELCOME: WelcomeMessage = {
  type: "welcome",
  protocol: PROTOCOL_VERSION,
  worker: "w1",
  run: "r-1",
  term: 1,
  layout: LAYOUT,
  programs: { gradient: HASH, evaluate: HASH },
  variants: [],
  manifest: HASH,
  microbatch: 4,
  step: 0,
  codec: "float32",
  seed: 1,
  heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 15_000 },
};

type Listener = (event: { readonly data: unknown; readonly code: number; readonly reason: string }) => void;

/** A coordinator played by the test, at the other end of a browser's sockets: of one at a time the latest. */
export class PlayedCoordinator {
  /** What the worker said, over all sockets. */
  readonly heard: WorkerMessage[] = [];
  sockets = 0;
  #listeners = new Map<string, Listener>();

  /** A socket that opens by itself. */
  open(): BrowserSocket {
    this.sockets += 1;
    const listeners = new Map<string, Listener>();
    this.#listeners = listeners;
    return {
      binaryType: "arraybuffer",
      bufferedAmount: 0,
      addEventListener: (type: string, listener: Listener) => {
        listeners.set(type, listener);
        if (type === "open") queueMicrotask(() => happen(listeners, "open"));
      },
      send: (data) => {
        const frame = decodeFrame(Uint8Array.from(data));
        if (frame.kind !== "chunk") this.heard.push(decodeWorkerMessage(frame.control));
      },
      close: (code = 1005) => queueMicrotask(() => happen(listeners, "close", { code })),
    };
  }

  /** The hellos that were said. */
  get hellos(): readonly Extract<WorkerMessage, { readonly type: "hello" }>[] {
    return this.heard.filter((message) => message.type === "hello");
  }

  say(message: CoordinatorMessage): void {
    this.#sayFrame(encodeMessage(message));
  }

  /** Lets the worker in, and gives it the parameters of step 0. */
  welcome(): void {
    this.say(WELCOME);
    const bytes = new Uint8Array(4 * LAYOUT.parameterLength);
    const tensor = { transfer: 1, byteLength: bytes.byteLength, elements: 2, codec: "float32", crc32: crc32(bytes) };
    this.say({ type: "parameters", step: 0, tensor });
    for (const frame of chunkFrames(1, bytes)) this.#sayFrame(frame);
  }

  /** Gives it a lease of two microbatches. */
  lease(id: number): void {
    const span = { step: 0, kind: "gradient", epoch: 0, start: 0, end: 8 } as const;
    this.say({ type: "lease", lease: id, ...span, milliseconds: 1_000 });
  }

  #sayFrame(frame: Uint8Array): void {
    happen(this.#listeners, "message", { data: Uint8Array.from(frame).buffer });
  }
}

function happen(
  listeners: ReadonlyMap<string, Listener>,
  type: string,
  event: { readonly data?: unknown; readonly code?: number } = {},
): void {
  listeners.get(type)?.({ data: null, code: 0, reason: "", ...event });
}

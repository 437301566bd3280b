import { DEFAULT_SETTINGS, type RunSettings } from "@tributary/coordinator";
import { encodeMessage, PROTOCOL_VERSION, SUBPROTOCOL } from "@tributary/protocol";
import { WebSocket } from "ws";
import { AccessRules } from "../access.ts";
import { EffectShell } from "../effect-shell.ts";
import { type RunningServer, startServer } from "../server.ts";
import { WorkerSocket } from "../worker-socket.ts";

/** A hash of nothing that is there. */
export const HASH = "0".repeat(64);
/** Hash of a blob of three bytes. */
export const BLOB = "a".repeat(64);
/** Hash of a blob of LARGE_BYTES. */
export const LARGE_BLOB = "b".repeat(64);

/** More than the systems of both ends keep for a reader that does not read. */
export const LARGE_BYTES = 64 * 1024 * 1024;

const SETTINGS: RunSettings = {
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
  operations: [],
  codecs: [{ name: "float32", bytes: 64, bytesMax: 64 }],
  trainSamples: 8,
  testSamples: 0,
  batchSize: 8,
  microbatch: 1,
  epochs: 1,
};

/** A hello that is let in. */
export const HELLO = encodeMessage({
  type: "hello",
  protocol: PROTOCOL_VERSION,
  programFormats: [1],
  operations: null,
  run: null,
  name: "honest",
  backend: "wasm",
  kind: "node",
  adapter: null,
  arithmeticClass: "wasm",
  threads: 1,
  codecs: ["float32"],
  resume: null,
});

/** A server with the machine behind it, and no tensors. */
export interface Running {
  readonly server: RunningServer;
  readonly shell: EffectShell;
  readonly faults: Error[];
}

/** Starts one on a free port. @param token what joining takes */
export async function startBare(token: string | null, idleMilliseconds = 30_000): Promise<Running> {
  const faults: Error[] = [];
  const shell = new EffectShell({
    settings: SETTINGS,
    compute: { request: () => new Promise(() => {}) },
    encoded: { step: 0, frames: [] },
    sumNames: ["loss", "weight", "samples"],
    persist: () => Promise.resolve(),
    checkpoint: () => Promise.resolve(""),
    examine: () => Promise.resolve({ verdict: "unable", detail: "there are no tensors" }),
    onEvent: () => {},
    onFinish: () => {},
    onFault: (error) => faults.push(error),
    onViolation: () => {},
  });
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    idleMilliseconds,
    access: new AccessRules("127.0.0.1", { join: token, admin: null }),
    content: {
      blobs: new Map([
        [BLOB, Uint8Array.of(1, 2, 3)],
        [LARGE_BLOB, new Uint8Array(LARGE_BYTES)],
      ]),
      run: "small",
      description: () => ({ run: "small" }),
      pages: new Map(),
      page: "<!doctype html><title>small</title>",
    },
    onWatcher: (socket) => socket.terminate(),
    onSocket: (socket, address) => {
      const { memory } = shell;
      const traffic = { sent: 0, received: 0 };
      const connection = { address, handlers: shell, traffic, waitingBytesMax: 1_000_000, memory };
      shell.addSocket(new WorkerSocket(shell.newWorkerId(), socket, connection));
    },
  });
  return { server, shell, faults };
}

/** Opens a worker's socket. */
export function openSocket(port: number, protocols = [SUBPROTOCOL], options = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, protocols, options);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

import { crc32 } from "node:zlib";
import { open } from "@tributary/kernels";
import { PROGRAM_FORMAT_VERSION } from "@tributary/program";
import { PROTOCOL_VERSION, SOCKET_PATH, SUBPROTOCOL } from "@tributary/protocol";
import {
  type Clock,
  type Computation,
  type Connect,
  type LeaseOutcome,
  LocalComputation,
  type SessionEnd,
  WorkerSession,
} from "@tributary/worker";
import { WebSocket } from "ws";

const CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** A worker that does all that a worker does, on a device that gives NaN wherever a number belongs. @param url of the coordinator */
export async function runBrokenWorker(url: string, name: string): Promise<SessionEnd> {
  const fetchBlob = async (hash: string) => new Uint8Array(await (await fetch(`${url}/blobs/${hash}`)).arrayBuffer());
  const device = await open("wasm");
  const local = new LocalComputation({ device, fetchBlob, clock: CLOCK, crc32 });
  const computation: Computation = {
    prepare: (setup) => local.prepare(setup),
    allocate: (byteLength) => local.allocate(byteLength),
    setParameters: (step, codec, bytes) => local.setParameters(step, codec, bytes),
    run: async (span, milliseconds, breathe) => spoilt(await local.run(span, milliseconds, breathe)),
    release: () => local.release(),
    stop: () => local.stop(),
    dispose: () => local.dispose(),
  };
  const session = new WorkerSession({
    connect: connectTo(url),
    computation,
    clock: CLOCK,
    random: () => 0,
    crc32,
    hello: {
      protocol: PROTOCOL_VERSION,
      programFormats: [PROGRAM_FORMAT_VERSION],
      operations: null,
      run: null,
      name,
      kind: "node",
      backend: "wasm",
      adapter: null,
      arithmeticClass: device.arithmeticClass,
      threads: 1,
      codecs: ["float32"],
    },
    firstAttemptsMax: 1,
    onEvent: () => {},
  });
  const end = await session.run();
  await computation.dispose();
  return end;
}

function spoilt(outcome: LeaseOutcome): LeaseOutcome {
  const { gradient } = outcome;
  const sums = nans(outcome.sums.byteLength);
  if (gradient === null) return { ...outcome, sums };
  const bytes = nans(gradient.bytes.byteLength);
  return { ...outcome, sums, gradient: { ...gradient, bytes, crc32: crc32(bytes) } };
}

function nans(byteLength: number): Uint8Array {
  return new Uint8Array(new Float32Array(byteLength / 4).fill(Number.NaN).buffer);
}

function connectTo(url: string): Connect {
  return (handlers) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url.replace(/^http/, "ws") + SOCKET_PATH, SUBPROTOCOL, { perMessageDeflate: false });
      socket.on("message", (data: Buffer) => handlers.onMessage(new Uint8Array(data)));
      socket.on("ping", () => handlers.onPing());
      socket.on("close", (code, reason) => handlers.onClose(code, reason.toString()));
      socket.on("error", reject);
      socket.once("open", () =>
        resolve({
          seesPings: true,
          send: (frame) => new Promise((sent) => socket.send(frame, () => sent())),
          close: (code, reason) => socket.close(code, reason),
        }),
      );
    });
}

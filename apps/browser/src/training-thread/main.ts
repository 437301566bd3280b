import { createBlobSource } from "./blob-source.ts";
import type { ComputeThreadRefusal, ComputeThreadTask } from "./compute-session.ts";
import { COMPUTE_THREAD_NAME, type PageMessage, type StartSettings, type ThreadMessage } from "./messages.ts";
import { openComputation } from "./open-computation.ts";
import { openStore } from "./open-store.ts";
import { type BrowserSocket, SocketConnector } from "./socket-connector.ts";
import { THREAD_CLOCK } from "./thread-clock.ts";
import { TrainingLoop } from "./training-loop.ts";

// One script for both kinds of thread: a tab loads what they have in common once.
declare const self: DedicatedWorkerGlobalScope;

/** Milliseconds after which a server that does not answer counts as gone. */
const STATUS_MILLISECONDS = 5_000;

const post = (message: ThreadMessage) => self.postMessage(message);

/** The answer to a request for a blob that does not exist says whether the token is good, and costs nothing. */
async function askStatus({ blobUrl, token }: StartSettings): Promise<number | null> {
  try {
    const response = await fetch(`${blobUrl}${"0".repeat(64)}`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(STATUS_MILLISECONDS),
    });
    return response.status;
  } catch {
    return null;
  }
}

function createSocket(url: string, subprotocols: string[]): BrowserSocket {
  return new WebSocket(url, subprotocols);
}

async function start(settings: StartSettings): Promise<TrainingLoop> {
  const { socketUrl, blobUrl, token, backend } = settings;
  const status = () => askStatus(settings);
  const store = await openStore((why) => post({ type: "obstacle", code: "STORAGE_BLOCKED", detail: why }));
  const fetchBlob = createBlobSource({
    blobUrl,
    token,
    store,
    fetch: (input, init) => fetch(input, init),
    onReceived: (bytes) => post({ type: "fetched", bytes }),
  });
  return new TrainingLoop({
    settings,
    post,
    clock: THREAD_CLOCK,
    random: Math.random,
    connector: new SocketConnector({ socketUrl, token, clock: THREAD_CLOCK, createSocket, askStatus: status }),
    askStatus: status,
    open: (options) => openComputation({ ...options, backend, fetchBlob }),
  });
}

function serveTrainingThread(): void {
  // What the page says before the loop stands, it hears afterwards.
  let queue: Promise<TrainingLoop> | null = null;
  self.onmessage = ({ data }: MessageEvent<PageMessage>) => {
    if (data.type !== "start") {
      void queue?.then((loop) => loop.receive(data));
      return;
    }
    queue = start(data.settings);
    // The page hears of errors alone: a promise that nobody took would leave it waiting for good.
    queue.then((loop) => loop.run()).catch((error: unknown) => reportError(error));
  };
}

/** Says that this compute thread cannot begin: its part of the page did not load. */
function refuse(error: unknown): void {
  self.postMessage({ type: "noDevice", message: String(error) } satisfies ComputeThreadRefusal);
}

if (self.name === COMPUTE_THREAD_NAME) {
  self.onmessage = ({ data }: MessageEvent<ComputeThreadTask>) => {
    // Nothing else comes before the thread has said that its device is open.
    self.onmessage = null;
    void import("./compute-session.ts").then(({ serveComputeThread }) => serveComputeThread(self, data), refuse);
  };
} else {
  serveTrainingThread();
}

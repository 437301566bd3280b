import type { MachineCommand, RunView } from "@tributary/coordinator";
import { parseWatchMessage, WATCH_SUBPROTOCOL, type WatchedRun, type WatchMessage } from "@tributary/protocol";
import { WebSocket } from "ws";
import { AccessRules } from "../../access.ts";
import type { ComputeLink } from "../../compute/compute-link.ts";
import type { InspectionSetup } from "../../compute/compute-message.ts";
import { type RunningServer, startServer } from "../../server.ts";
import { type LastJudgement, WatchDesk } from "../watch-desk.ts";

/** A run of nothing, for its watchers. */
export const QUIET_RUN: WatchedRun = {
  id: "quiet",
  name: "quiet",
  mode: "sync",
  parameters: 0,
  trainableParameters: 0,
  layers: [],
  batchSize: 1,
  microbatch: 1,
  epochs: 1,
  stepsPerEpoch: 1,
  totalSteps: 1,
  trainSamples: 1,
  testSamples: 4,
  seed: 0,
  codecs: ["float32"],
  metrics: [],
  fields: [{ name: "inputs", dtype: "uint8", shape: [2] }],
  classes: 2,
  classNames: null,
  joinUrl: "http://127.0.0.1:1/join",
  features: { predict: true, activations: true, samples: true },
  startedAt: 0,
};

const INSPECTION: InspectionSetup = {
  predict: new Uint8Array(0),
  activations: new Uint8Array(0),
  fields: [{ name: "inputs", dtype: "uint8", shape: [2] }],
  shards: [],
  samples: 4,
  classes: 2,
  activationBytesMax: 1_024,
};

const VIEW: RunView = {
  phase: "training",
  pausing: false,
  step: 0,
  epoch: 1,
  samplesCommitted: 0,
  learningRateFactor: 1,
  stepSamples: 8,
  stepSamplesIn: 2,
  workers: [],
  staleness: [0],
  why: "Step 1 waits for a worker: none is there",
};

/** A server with a desk for watchers, on 127.0.0.1. */
export interface WatchedServer {
  readonly server: RunningServer;
  readonly desk: WatchDesk;
  /** What the desk passed on. */
  readonly commands: MachineCommand[];
  close(): Promise<void>;
}

/** What may be chosen about a desk. */
export interface WatchedDeskOptions extends LastJudgement {
  /** What is other than in a run that waits for its first worker; asked for each time the desk looks. */
  readonly view?: Partial<RunView> | (() => Partial<RunView>);
  /** Answers looks inside; by default never. */
  readonly compute?: Pick<ComputeLink, "request">;
  readonly onCommand?: (command: MachineCommand) => void;
}

/** A desk without a server. */
export function createWatchDesk({
  view = {},
  compute = { request: () => new Promise(() => {}) },
  onCommand = () => {},
  ...judging
}: WatchedDeskOptions = {}): Pick<WatchedServer, "desk" | "commands"> {
  const commands: MachineCommand[] = [];
  const desk = new WatchDesk({
    run: QUIET_RUN,
    compute,
    inspection: INSPECTION,
    view: () => ({ ...VIEW, ...(typeof view === "function" ? view() : view) }),
    links: () => new Map(),
    traffic: () => [],
    command: (command) => {
      commands.push(command);
      onCommand(command);
    },
    ...judging,
  });
  return { desk, commands };
}

/** Starts a server with one. @param join token of workers, null for none */
export async function startWatchedServer(
  join: string | null,
  options: WatchedDeskOptions = {},
): Promise<WatchedServer> {
  const { desk, commands } = createWatchDesk(options);
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    access: new AccessRules("127.0.0.1", { join, admin: "adminsecret" }),
    content: { blobs: new Map(), run: "quiet", description: () => ({}), pages: new Map(), page: "" },
    onSocket: (socket) => socket.terminate(),
    onWatcher: (socket, role) => desk.add(socket, role),
  });
  const close = async () => {
    desk.dispose();
    await server.close();
  };
  return { server, desk, commands, close };
}

/** A watcher's socket, and all it was told. */
export class WatchingSocket {
  readonly socket: WebSocket;
  readonly messages: WatchMessage[] = [];
  /** Resolves with the code it was closed with. */
  readonly closed: Promise<number>;
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      this.messages.push(parseWatchMessage(String(data)));
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => socket.once("close", resolve));
  }

  /** @throws Error with the status when the server refuses */
  static async open(port: number, token?: string, options = {}): Promise<WatchingSocket> {
    const protocols = token === undefined ? [WATCH_SUBPROTOCOL] : [WATCH_SUBPROTOCOL, `t.${token}`];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/watch`, protocols, options);
    const watching = new WatchingSocket(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    socket.on("error", () => {});
    return watching;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message, there already or to come, of this type for which `matches` holds. */
  async until<Type extends WatchMessage["type"]>(
    type: Type,
    matches: (message: Extract<WatchMessage, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<WatchMessage, { type: Type }>> {
    const isIt = (message: WatchMessage): message is Extract<WatchMessage, { type: Type }> => message.type === type;
    for (let from = 0; ; ) {
      for (; from < this.messages.length; from += 1) {
        const message = this.messages[from];
        if (message !== undefined && isIt(message) && matches(message)) return message;
      }
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
      });
    }
  }
}

import type { PageMessage, ThreadMessage } from "../../training-thread/messages.ts";
import { JoinController, type JoinSurroundings } from "../join-controller.ts";
import { parseJoinLink } from "../join-link.ts";
import { TabStorage, type WordStorage } from "../tab-storage.ts";

/** What a coordinator says it trains. */
export const DESCRIPTION = { run: "r-1", name: "r", parameters: 10, step: 0, workers: 0, fields: [], dataBytes: null };
const CHOICES = { name: "Ada", backend: "auto", cap: { share: 1, threads: 2 } } as const;

function memory(): WordStorage {
  const words = new Map<string, string>();
  return {
    getItem: (key) => words.get(key) ?? null,
    setItem: (key, value) => void words.set(key, value),
    removeItem: (key) => void words.delete(key),
  };
}

/** A page's controller with everything around it played by the test. */
export function bench(change: Partial<JoinSurroundings> = {}) {
  const said: PageMessage[] = [];
  const posted: unknown[] = [];
  const later: (() => void)[] = [];
  let threads = 0;
  let tell: (message: ThreadMessage) => void = () => {};
  const tellers: ((message: ThreadMessage) => void)[] = [];
  let lose: (why: string) => void = () => {};
  const losers: ((why: string) => void)[] = [];
  let hear: (event: { readonly data: unknown }) => void = () => {};
  const tab = memory();
  const surroundings: JoinSurroundings = {
    link: parseJoinLink({ protocol: "http:", host: "h:1", hash: "#t=tok" }),
    isSecureContext: true,
    gpu: undefined,
    storage: new TabStorage(() => tab, memory),
    channel: {
      postMessage: (message) => void posted.push(message),
      addEventListener: (_, listener) => {
        hear = listener;
      },
    },
    wakeLock: undefined,
    watchBattery: () => {},
    startThread: (onMessage, onLost) => {
      threads += 1;
      tell = onMessage;
      tellers.push(onMessage);
      lose = onLost;
      losers.push(onLost);
      const terminate = () => {
        threads -= 1;
      };
      return { postMessage: (message) => void said.push(message), terminate };
    },
    describe: async () => DESCRIPTION,
    isReload: false,
    now: () => 0,
    after: (_, callback) => void later.push(callback),
    ...change,
  };
  const controller = new JoinController(surroundings, CHOICES);
  const types = () => said.map((message) => (message.type === "pause" ? `pause ${message.reason}` : message.type));
  const codes = () => controller.state.obstacles.map(({ code }) => code);
  return {
    controller,
    surroundings,
    said,
    posted,
    types,
    codes,
    threads: () => threads,
    tell: (message: ThreadMessage) => tell(message),
    /** Says something as the n-th thread. */
    tellAs: (thread: number, message: ThreadMessage) => tellers[thread]?.(message),
    lose: (why: string) => lose(why),
    /** Ends the n-th thread by itself. */
    loseAs: (thread: number, why: string) => losers[thread]?.(why),
    otherTab: (type: string) => hear({ data: { type } }),
    passTime: () => {
      for (const callback of later.splice(0)) callback();
    },
  };
}

/** Lets everything that is ready to happen, happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** The thread has joined. */
export const JOINED: ThreadMessage = { type: "session", event: { type: "joined", worker: "w1", run: "r-1", step: 0 } };
/** The thread has ended because it was asked to. */
export const LEFT: ThreadMessage = { type: "ended", end: { reason: "left", message: "stopped", code: null } };

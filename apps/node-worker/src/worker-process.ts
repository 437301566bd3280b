import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SessionEnd } from "@tributary/worker";
import type { NodeWorkerOptions } from "./node-worker.ts";
import { LEAVE, type ProcessMessage, TOKEN_VARIABLE } from "./process-messages.ts";

/** Options of a worker in a process of its own. */
export type WorkerProcessOptions = Omit<NodeWorkerOptions, "signal" | "shardCacheBytes">;

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** How it ended; "failed" with code PROCESS_LOST when the process died without saying. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Asks it to give its leases back and leave. */
  leave(): void;
}

/**
 * Starts a worker as a process of its own, which ends when this one does. Its standard error is this one's. The token, which may stand in
 * the link, goes by the environment: what a process is started with can be read by others of the machine.
 */
export function spawnNodeWorker(options: WorkerProcessOptions): WorkerProcess {
  const { threads, backend, name, onEvent } = options;
  const [url = "", fragment = ""] = options.url.split("#");
  const token = options.token ?? new URLSearchParams(fragment).get("t");
  const given = { url, threads, backend, name };
  const args = Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [`--${key}`, String(value)],
  );
  // Nobody listens: several messages a step would wake both processes for nothing.
  if (onEvent === undefined) args.push("--quiet");
  const child = fork(fileURLToPath(new URL("./main.ts", import.meta.url)), args, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // An empty one stands for none, also where this process has one for another coordinator.
    env: { ...process.env, [TOKEN_VARIABLE]: token ?? "" },
  });
  let end: SessionEnd | null = null;
  child.on("message", (message) => {
    if (!isProcessMessage(message)) return;
    if (message.type === "end") end = message.end;
    else onEvent?.(message.event);
  });
  const { promise: ended, resolve } = Promise.withResolvers<SessionEnd>();
  const lost = (how: string) =>
    resolve(end ?? { reason: "failed", message: `The worker's process ${how}`, code: "PROCESS_LOST" });
  child.once("error", (error) => lost(`could not be started (${error.message})`));
  child.once("exit", (code, signal) => {
    const why = signal === "SIGKILL" ? ", as the system does where memory runs out: start fewer workers" : "";
    lost(`ended with ${signal ?? `code ${code}`}${why}`);
  });
  return {
    child,
    ended,
    leave: () => {
      if (child.connected) child.send(LEAVE);
    },
  };
}

/** Whether a message of a child process is one of ours; the child is this very program, so its parts are believed. */
function isProcessMessage(message: unknown): message is ProcessMessage {
  if (typeof message !== "object" || message === null || !("type" in message)) return false;
  return (message.type === "event" && "event" in message) || (message.type === "end" && "end" in message);
}

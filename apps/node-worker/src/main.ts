import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import type { SessionEnd } from "@tributary/worker";
import { runNodeWorker } from "./node-worker.ts";
import { LEAVE, type ProcessMessage, TOKEN_VARIABLE } from "./process-messages.ts";

/**
 * A worker's process: `node main.ts --url LINK [--threads N] [--backend NAME] [--name NAME] [--quiet]`, token in TRIBUTARY_TOKEN.
 * Started by `spawnNodeWorker` it reports over the channel between the processes; alone, as a line of JSON for each event;
 * with `--quiet` only its end.
 * Ends with 0 when the run is over or it was asked to leave, otherwise with 1.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      threads: { type: "string", default: "1" },
      backend: { type: "string", default: "auto" },
      name: { type: "string" },
      quiet: { type: "boolean", default: false },
    },
  });
  // The heap is small, but each vector of parameters that comes counts towards V8's wish to mark all of it. Without
  // marking in between, the quick collection of young objects frees those bytes.
  setFlagsFromString("--no-incremental-marking");
  const stop = stopSignal();
  const end = await runNodeWorker({
    url: values.url ?? "",
    token: process.env[TOKEN_VARIABLE] || null,
    threads: Number(values.threads),
    backend: backendNamed(values.backend),
    ...(values.name === undefined ? {} : { name: values.name }),
    signal: stop,
    ...(values.quiet ? {} : { onEvent: (event) => tell({ type: "event", event }) }),
  });
  tell({ type: "end", end });
  process.exitCode = exitCodeOf(end);
}

/**
 * SIGTERM, and the other process's word or end, make the worker leave. SIGINT does so only when it runs alone: Ctrl-C in
 * a terminal reaches every process, and the one that started this one decides when its step is done.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const leave = () => controller.abort();
  process.once("SIGTERM", leave);
  process.on("SIGINT", () => {
    if (process.send === undefined) leave();
  });
  process.on("message", (message) => {
    if (message === LEAVE) leave();
  });
  process.once("disconnect", leave);
  // The other process was gone before this one had begun to listen.
  if (process.send !== undefined && !process.connected) leave();
  return controller.signal;
}

function backendNamed(name: string): "auto" | "wasm" | "webgpu" | "reference" {
  return name === "wasm" || name === "webgpu" || name === "reference" ? name : "auto";
}

function tell(message: ProcessMessage): void {
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(message)}\n`);
  else if (process.connected) process.send(message);
}

function exitCodeOf(end: SessionEnd): number {
  return end.reason === "finished" || end.reason === "left" ? 0 : 1;
}

try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
  tell({ type: "end", end: { reason: "failed", message, code } });
  process.exitCode = 1;
}
// The channel would keep the process alive.
if (process.connected) process.disconnect();

import { cpus, hostname } from "node:os";
import { crc32 } from "node:zlib";
import type { Backend } from "@tributary/kernels";
import { helloOf, type SessionEnd, type SessionEvent, type WorkerError, WorkerSession } from "@tributary/worker";
import { createBlobSource } from "./blob-source.ts";
import { parseJoinAddress } from "./join-address.ts";
import { CLOCK, openComputation } from "./open-computation.ts";
import { createSocketConnect } from "./socket-transport.ts";

/** Attempts to reach a coordinator before giving up, unless it answered once: some 15 seconds on average. */
const FIRST_ATTEMPTS_MAX = 7;

/** What can be chosen about a Node worker. */
export interface NodeWorkerOptions {
  /** Join link; see parseJoinAddress. */
  readonly url: string;
  /** Stands in for the link's token. */
  readonly token?: string | null;
  /** Compute threads of the CPU that a lease is divided between. Default 1. */
  readonly threads?: number;
  /** Default "auto": a GPU where the package `webgpu` finds one that computes right, otherwise wasm. */
  readonly backend?: Backend | "auto";
  /** Shown to people; characters that a name may not have become `-`. Default: the machine's name and the process's id. */
  readonly name?: string;
  /** Bytes of shards each thread keeps. Default SHARD_CACHE_BYTES. */
  readonly shardCacheBytes?: number;
  /** Aborted: the worker gives its leases back, finishes an upload that has begun, and leaves. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SessionEvent) => void;
}

/**
 * Joins a coordinator and computes leases until the run is over, the signal says so, or it is of no use to go on.
 * The calling thread holds the socket and never computes.
 * @returns how it ended; see SessionEnd
 * @throws NodeWorkerError JOIN_ADDRESS; WorkerError THREAD_FAILED when the compute threads cannot be
 *   opened; KernelError BACKEND_UNAVAILABLE when there is no GPU although one was asked for by name
 */
export async function runNodeWorker(options: NodeWorkerOptions): Promise<SessionEnd> {
  const parsed = parseJoinAddress(options.url);
  const address = { ...parsed, token: options.token ?? parsed.token };
  const threads = options.threads ?? 1;
  const onEvent = options.onEvent ?? (() => {});
  const broken = Promise.withResolvers<WorkerError>();
  const computation = await openComputation({
    threads,
    backend: options.backend ?? "auto",
    fetchBlob: createBlobSource({ address, keeps: threads > 1 }),
    shardCacheBytes: options.shardCacheBytes ?? null,
    onEvent,
    onBroken: broken.resolve,
  });
  const name = workerName(options.name ?? `${hostname()}-${process.pid}`);
  const processor = cpus()[0]?.model ?? null;
  const session = new WorkerSession({
    connect: createSocketConnect(address, options.signal),
    computation,
    clock: CLOCK,
    random: Math.random,
    crc32,
    hello: helloOf(computation, { name, kind: "node", processor, threads: () => threads, run: () => null }),
    firstAttemptsMax: FIRST_ATTEMPTS_MAX,
    onEvent,
  });
  const leave = () => void session.leave("stopped");
  options.signal?.addEventListener("abort", leave, { once: true });
  if (options.signal?.aborted === true) leave();
  try {
    return await Promise.race([session.run(), endOfThreads(broken.promise, session)]);
  } finally {
    options.signal?.removeEventListener("abort", leave);
    await computation.dispose();
  }
}

/** How the session ends when a compute thread does. */
async function endOfThreads(broken: Promise<WorkerError>, session: WorkerSession): Promise<SessionEnd> {
  const { message, code } = await broken;
  await session.leave(message);
  return { reason: "failed", message, code };
}

/** A name as `hello` allows it. */
function workerName(name: string): string {
  const allowed = name.replaceAll(/[^\p{L}\p{N} ._-]/gu, "-").slice(0, 32);
  return allowed === "" ? "node" : allowed;
}

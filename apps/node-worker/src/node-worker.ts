import { cpus, hostname } from "node:os";
import { performance } from "node:perf_hooks";
import { crc32 } from "node:zlib";
import type { Backend } from "@tributary/kernels";
import { PROGRAM_FORMAT_VERSION } from "@tributary/program";
import { CODECS, deviceWords, PROTOCOL_VERSION } from "@tributary/protocol";
import { type Clock, type SessionEnd, type SessionEvent, WorkerError, WorkerSession } from "@tributary/worker";
import { createBlobSource } from "./blob-source.ts";
import { openComputeThreads } from "./compute-threads.ts";
import { parseJoinAddress } from "./join-address.ts";
import { createSocketConnect } from "./socket-transport.ts";

/** Attempts to reach a coordinator before giving up, unless it answered once: some 15 seconds on average. */
const FIRST_ATTEMPTS_MAX = 6;

/** What can be chosen about a Node worker. */
export interface NodeWorkerOptions {
  /** Join link; see parseJoinAddress. */
  readonly url: string;
  /** Stands in for the link's token. */
  readonly token?: string | null;
  /** Compute threads a lease is divided between. Default 1. */
  readonly threads?: number;
  /** Default "auto". */
  readonly backend?: Backend | "auto";
  /** Shown to people; characters that a name may not have become `-`. Default: the machine's name and the process's id. */
  readonly name?: string;
  /** Bytes of shards each thread keeps. Default SHARD_CACHE_BYTES. */
  readonly shardCacheBytes?: number;
  /** Aborted: the worker gives its leases back, finishes an upload that has begun, and leaves. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SessionEvent) => void;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/**
 * Joins a coordinator and computes leases until the run is over, the signal says so, or it is of no use to go on.
 * The calling thread holds the socket and never computes.
 * @returns how it ended; see SessionEnd
 * @throws NodeWorkerError JOIN_ADDRESS; WorkerError THREAD_FAILED when the compute threads cannot be opened
 */
export async function runNodeWorker(options: NodeWorkerOptions): Promise<SessionEnd> {
  const parsed = parseJoinAddress(options.url);
  const address = { ...parsed, token: options.token ?? parsed.token };
  const threads = options.threads ?? 1;
  const { computation, failed } = await openComputeThreads({
    threads,
    backend: options.backend ?? "auto",
    fetchBlob: createBlobSource({ address, keeps: threads > 1 }),
    shardCacheBytes: options.shardCacheBytes ?? null,
  });
  const session = new WorkerSession({
    connect: createSocketConnect(address),
    computation,
    clock: CLOCK,
    random: Math.random,
    crc32,
    hello: {
      protocol: PROTOCOL_VERSION,
      programFormats: [PROGRAM_FORMAT_VERSION],
      operations: null,
      run: null,
      name: workerName(options.name ?? `${hostname()}-${process.pid}`),
      backend: computation.backend,
      kind: "node",
      adapter: computation.backend === "webgpu" ? null : deviceWords(cpus()[0]?.model ?? ""),
      arithmeticClass: computation.arithmeticClass,
      threads,
      codecs: [...CODECS.keys()],
    },
    firstAttemptsMax: FIRST_ATTEMPTS_MAX,
    onEvent: options.onEvent ?? (() => {}),
  });
  const leave = () => void session.leave("stopped");
  options.signal?.addEventListener("abort", leave, { once: true });
  if (options.signal?.aborted === true) leave();
  try {
    return await Promise.race([session.run(), endOfThreads(failed, session)]);
  } finally {
    options.signal?.removeEventListener("abort", leave);
    await computation.dispose();
  }
}

/** How the session ends when a compute thread does. */
async function endOfThreads(failed: Promise<never>, session: WorkerSession): Promise<SessionEnd> {
  try {
    return await failed;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await session.leave(message);
    return { reason: "failed", message, code: error instanceof WorkerError ? error.code : null };
  }
}

/** A name as `hello` allows it. */
function workerName(name: string): string {
  const allowed = name.replaceAll(/[^\p{L}\p{N} ._-]/gu, "-").slice(0, 32);
  return allowed === "" ? "node" : allowed;
}

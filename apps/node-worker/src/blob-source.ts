import { type FetchBlob, WorkerError } from "@tributary/worker";
import type { JoinAddress } from "./join-address.ts";

/** Bytes of the largest blob: a shard has at most 64 MiB, a program or a manifest less. */
const BLOB_BYTES_MAX = 64 * 1024 * 1024;

/** Milliseconds for one blob. */
const FETCH_MILLISECONDS = 60_000;

/** Bytes of blobs kept for other compute threads that will ask for the same. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;

/** Options of {@link createBlobSource}. */
export interface BlobSourceOptions {
  readonly address: JoinAddress;
  /** Keeps blobs, the latest 256 MiB: of use when several threads ask for the same ones. */
  readonly keeps: boolean;
  /** Stands in for the platform's `fetch` in tests. */
  readonly fetch?: typeof fetch;
}

/**
 * Fetches blobs over HTTP by their hash, into memory that threads share. Asked for twice at once, one is fetched once.
 * Who asked checks the hash.
 */
export function createBlobSource(options: BlobSourceOptions): FetchBlob {
  const kept = new Map<string, Uint8Array>();
  const pending = new Map<string, Promise<Uint8Array>>();
  let keptBytes = 0;

  const keep = (hash: string, bytes: Uint8Array) => {
    kept.set(hash, bytes);
    keptBytes += bytes.byteLength;
    for (const [oldest, { byteLength }] of kept) {
      if (keptBytes <= KEPT_BYTES_MAX) break;
      kept.delete(oldest);
      keptBytes -= byteLength;
    }
  };

  return async (hash) => {
    const known = kept.get(hash) ?? pending.get(hash);
    if (known !== undefined) return known;
    const fetching = fetchBlob(options, hash);
    pending.set(hash, fetching);
    try {
      const bytes = await fetching;
      if (options.keeps) keep(hash, bytes);
      return bytes;
    } finally {
      pending.delete(hash);
    }
  };
}

async function fetchBlob({ address, fetch: fetchOption }: BlobSourceOptions, hash: string): Promise<Uint8Array> {
  const headers = address.token === null ? {} : { authorization: `Bearer ${address.token}` };
  const url = address.blobUrl + hash;
  try {
    const response = await (fetchOption ?? fetch)(url, {
      headers,
      redirect: "error",
      signal: AbortSignal.timeout(FETCH_MILLISECONDS),
    });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    return await readShared(response.body, Number(response.headers.get("content-length") ?? 0));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WorkerError("BLOB_UNREACHABLE", `Cannot fetch ${url} (${why}): is the coordinator still running?`, {
      cause,
    });
  }
}

/** Reads a body into shared memory, growing it when the announced length was too small, up to BLOB_BYTES_MAX. */
async function readShared(body: AsyncIterable<Uint8Array>, announced: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.byteLength;
    if (Math.max(length, announced) > BLOB_BYTES_MAX) throw new Error(`more than ${BLOB_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

import { type FetchBlob, WorkerError } from "@tributary/worker";
import type { BlobStore } from "./blob-store.ts";

/** Bytes of the largest blob: a shard has at most 64 MiB, a program or a manifest less. */
const BLOB_BYTES_MAX = 64 * 1024 * 1024;

/** Milliseconds for one blob. */
const FETCH_MILLISECONDS = 60_000;

/** Options of {@link createBlobSource}. */
export interface BlobSourceOptions {
  /** A blob's hash is appended to it. */
  readonly blobUrl: string;
  readonly token: string | null;
  /** Where blobs are kept for another day; null: nowhere. */
  readonly store: Pick<BlobStore, "get" | "put"> | null;
  readonly fetch: typeof fetch;
  /** Hears how many bytes came over the network, also of a blob that did not come whole; not of one that was in the store. */
  readonly onReceived: (bytes: number) => void;
}

/** Fetches blobs by their hash, from the store if they are there. Asked for twice at once, one is fetched once. */
export function createBlobSource(options: BlobSourceOptions): FetchBlob {
  const pending = new Map<string, Promise<Uint8Array>>();
  return async (hash) => {
    const known = pending.get(hash);
    if (known !== undefined) return known;
    const fetching = takeBlob(options, hash);
    pending.set(hash, fetching);
    try {
      return await fetching;
    } finally {
      pending.delete(hash);
    }
  };
}

async function takeBlob(options: BlobSourceOptions, hash: string): Promise<Uint8Array> {
  const kept = await options.store?.get(hash);
  if (kept !== undefined && kept !== null) return kept;
  const bytes = await fetchBlob(options, hash);
  // Not waited for: the computation needs the bytes, not their copy on the disk.
  void options.store?.put(hash, bytes);
  return bytes;
}

async function fetchBlob(options: BlobSourceOptions, hash: string): Promise<Uint8Array> {
  const { blobUrl, token, fetch: fetchUrl, onReceived } = options;
  const url = blobUrl + hash;
  try {
    const response = await fetchUrl(url, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      redirect: "error",
      signal: AbortSignal.timeout(FETCH_MILLISECONDS),
    });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    return await readBounded(response.body, Number(response.headers.get("content-length") ?? 0), onReceived);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot fetch ${url} (${why}): is the coordinator still running?`;
    throw new WorkerError("BLOB_UNREACHABLE", message, { cause });
  }
}

/** Reads a body, at most BLOB_BYTES_MAX of it. */
async function readBounded(
  body: ReadableStream<Uint8Array>,
  announced: number,
  onReceived: BlobSourceOptions["onReceived"],
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (Math.max(length, announced) > BLOB_BYTES_MAX) {
        await reader.cancel();
        throw new Error(`more than ${BLOB_BYTES_MAX} bytes`);
      }
      pieces.push(value);
    }
  } finally {
    onReceived(length);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

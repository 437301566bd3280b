import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { KnownFile } from "./known-datasets.ts";

/** What downloading needs of the surroundings. */
export interface DownloadSurroundings {
  readonly fetch: typeof fetch;
  /** Told after every piece: bytes of the file that are on the disk now. */
  readonly onBytes: (received: number) => void;
  /** Milliseconds without a byte after which a server is given up. Default {@link IDLE_TIMEOUT_MS}. */
  readonly idleTimeoutMs?: number;
}

/** Milliseconds without a byte after which a server is given up. */
const IDLE_TIMEOUT_MS = 30_000;

/** Why one address did not give a file. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  /** Whether bytes came, but others than the hash says: another try at the same address is useless. */
  readonly wrongBytes: boolean;

  constructor(message: string, wrongBytes: boolean, options?: ErrorOptions) {
    super(message, options);
    this.wrongBytes = wrongBytes;
  }
}

/**
 * Downloads a file into `path`, going on where an earlier try stopped: until it is whole and has its hash, it is called `path.part`.
 * @throws DownloadError when no address gives it; `wrongBytes` when one gave other bytes
 */
export async function downloadFile(file: KnownFile, path: string, surroundings: DownloadSurroundings): Promise<void> {
  const failures: DownloadError[] = [];
  for (const url of file.urls) {
    try {
      await downloadFrom(url, file, `${path}.part`, surroundings);
      await rename(`${path}.part`, path);
      return;
    } catch (error) {
      failures.push(
        error instanceof DownloadError
          ? error
          : new DownloadError(`${hostOf(url)}: ${reasonOf(error)}`, false, { cause: error }),
      );
    }
  }
  const wrongBytes = failures.some((failure) => failure.wrongBytes);
  throw new DownloadError(failures.map(({ message }) => message).join("; "), wrongBytes, { cause: failures[0] });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}

async function downloadFrom(
  url: string,
  file: KnownFile,
  part: string,
  surroundings: DownloadSurroundings,
): Promise<void> {
  let have = await sizeOf(part);
  if (have > file.bytes) {
    await rm(part);
    have = 0;
  }
  const hash = createHash("sha256");
  if (have < file.bytes) await receive(url, file, part, have, hash, surroundings);
  else await addFile(hash, part);
  const found = hash.digest("hex");
  if (found === file.sha256) return;
  await rm(part, { force: true });
  throw new DownloadError(`${hostOf(url)} gave ${file.name} with the SHA-256 ${found} instead of ${file.sha256}`, true);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

async function addFile(hash: Hash, path: string): Promise<void> {
  for await (const piece of createReadStream(path)) hash.update(piece);
}

/** Appends what is missing, or begins anew where a server cannot go on in the middle. */
async function receive(
  url: string,
  file: KnownFile,
  part: string,
  have: number,
  hash: Hash,
  { fetch, onBytes, idleTimeoutMs = IDLE_TIMEOUT_MS }: DownloadSurroundings,
): Promise<void> {
  const abort = new AbortController();
  const silence = () => abort.abort(new Error(`no byte for ${idleTimeoutMs / 1000} s`));
  let timer = setTimeout(silence, idleTimeoutMs);
  try {
    const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await fetch(url, { headers, signal: abort.signal });
    const goesOn =
      response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${have}-`) === true;
    if (!goesOn && response.status !== 200)
      throw new DownloadError(`${hostOf(url)} answered ${response.status} for ${file.name}`, false);
    if (goesOn) await addFile(hash, part);
    let received = goesOn ? have : 0;
    await using target = await open(part, goesOn ? "a" : "w");
    for await (const piece of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(silence, idleTimeoutMs);
      received += piece.byteLength;
      if (received > file.bytes)
        throw new DownloadError(`${hostOf(url)} gave more than the ${file.bytes} bytes of ${file.name}`, true);
      await target.writeFile(piece);
      hash.update(piece);
      onBytes(received);
    }
    if (received < file.bytes)
      throw new DownloadError(`${hostOf(url)} ended after ${received} of ${file.bytes} bytes of ${file.name}`, false);
  } finally {
    clearTimeout(timer);
  }
}

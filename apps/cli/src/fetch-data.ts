import { mkdirSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { hasSize, isFetched, keptFiles } from "./data-cache.ts";
import { DownloadError, type DownloadSurroundings, downloadFile } from "./download.ts";
import { CommandError } from "./errors.ts";
import type { KnownDataset } from "./known-datasets.ts";
import { readTar } from "./tar.ts";

/** What fetching needs of the surroundings. */
export interface FetchSurroundings extends Pick<DownloadSurroundings, "fetch" | "idleTimeoutMs"> {
  /** Told after every piece: bytes of all files that are on the disk now. */
  readonly onProgress: (received: number) => void;
}

const unpack = promisify(gunzip);

/** Bytes that an archive may hold beside what is wanted of it, 1 MiB: headers, a page of words, names of classes. */
const UNWANTED_BYTES = 1_048_576;

/** Bytes that fetching brings over the wire. */
export function downloadBytes(dataset: KnownDataset): number {
  return dataset.files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Brings a dataset into a folder; what is there already stays, and what was begun is gone on with.
 * @returns whether anything had to be fetched
 * @throws CommandError CANNOT_FETCH without a network, DATA_INVALID when bytes have another hash
 */
export async function fetchDataset(
  name: string,
  dataset: KnownDataset,
  folder: string,
  surroundings: FetchSurroundings,
): Promise<boolean> {
  if (isFetched(dataset, folder)) return false;
  mkdirSync(folder, { recursive: true });
  let before = 0;
  for (const file of dataset.files) {
    const path = join(folder, file.name);
    if (!hasSize(path, file.bytes)) {
      const onBytes = (received: number) => surroundings.onProgress(before + received);
      try {
        await downloadFile(file, path, { ...surroundings, onBytes });
      } catch (error) {
        throw error instanceof DownloadError ? refusal(name, dataset, folder, error) : error;
      }
    }
    before += file.bytes;
    surroundings.onProgress(before);
  }
  if (dataset.members !== undefined) await takeMembers(name, dataset, folder);
  return true;
}

function refusal(name: string, dataset: KnownDataset, folder: string, error: DownloadError): CommandError {
  if (error.wrongBytes) {
    return new CommandError(
      "DATA_INVALID",
      `${name} cannot be taken: ${error.message}`,
      "Try again later; if it stays so, the file was changed where it comes from, or on the way",
      { cause: error },
    );
  }
  const files = dataset.files.map((file) => file.name).join(", ");
  return new CommandError(
    "CANNOT_FETCH",
    `${name} cannot be fetched: ${error.message}`,
    `Connect this machine to the network and run the command again, which goes on where it stopped; or put ${files} into ${folder} yourself`,
    { cause: error },
  );
}

/** Takes the wanted files out of the archive, and removes it. */
async function takeMembers(name: string, dataset: KnownDataset, folder: string): Promise<void> {
  const wanted = keptFiles(dataset);
  const archive = join(folder, dataset.files[0]?.name ?? "");
  const limit = wanted.reduce((sum, { bytes }) => sum + bytes, UNWANTED_BYTES);
  const unpacked = await unpack(await readFile(archive), { maxOutputLength: limit });
  for (const member of readTar(unpacked)) {
    // Only the last part of a name counts: nothing in an archive says where it is written to.
    const found = wanted.find((file) => file.name === basename(member.name) && file.bytes === member.bytes.byteLength);
    if (found === undefined) continue;
    const path = join(folder, found.name);
    await writeFile(`${path}.part`, member.bytes);
    await rename(`${path}.part`, path);
  }
  if (!isFetched(dataset, folder)) {
    throw new CommandError(
      "DATA_INVALID",
      `The archive of ${name} lacks ${wanted.map((file) => file.name).join(", ")}`,
      `Remove ${folder} and fetch it again`,
    );
  }
  await rm(archive);
}

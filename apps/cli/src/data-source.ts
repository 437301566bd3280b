import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DataError, type Dataset, findIdxNames, idx } from "@tributary/data";
import { CommandError } from "./errors.ts";

const UNDERSTOOD =
  "Give a folder with four IDX files, such as train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two t10k ones of MNIST";

const unpack = promisify(gunzip);

/**
 * The dataset that `--data` names: a folder with IDX files. Files are read when the dataset is loaded.
 * @throws CommandError DATA_INVALID when nothing there can be read
 */
export function datasetAt(path: string): Dataset {
  const folder = resolve(path);
  if (!existsSync(folder)) throw new CommandError("DATA_INVALID", `There is nothing at ${folder}`, UNDERSTOOD);
  if (!statSync(folder).isDirectory()) throw new CommandError("DATA_INVALID", `${folder} is no folder`, UNDERSTOOD);
  const names = idxNamesIn(folder);
  const read = (name: string) => async () => new Uint8Array(await readFile(join(folder, name)));
  return idx({
    name: basename(folder),
    files: {
      trainImages: read(names.trainImages),
      trainLabels: read(names.trainLabels),
      testImages: read(names.testImages),
      testLabels: read(names.testLabels),
    },
    gunzip: async (bytes, limitBytes) => new Uint8Array(await unpack(bytes, { maxOutputLength: limitBytes })),
  });
}

function idxNamesIn(folder: string) {
  try {
    const names = findIdxNames(readdirSync(folder));
    if (names !== undefined) return names;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new CommandError("DATA_INVALID", `${folder}: ${error.message}`, UNDERSTOOD, { cause: error });
  }
  throw new CommandError("DATA_INVALID", `${folder} holds no IDX files`, UNDERSTOOD);
}

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import {
  cifar10,
  csv,
  DataError,
  type Dataset,
  findCifar10Names,
  findIdxNames,
  ImagesDataset,
  idx,
  images,
  NPZ_NAMES,
  npy,
  npz,
  TableDataset,
  TextDataset,
  text,
} from "@tributary/data";
import { cacheFolder, isFetched } from "./data-cache.ts";
import { CommandError } from "./errors.ts";
import { KNOWN_DATASET_NAMES, KNOWN_DATASETS } from "./known-datasets.ts";

const UNDERSTOOD = [
  "Give a folder with IDX files (train-images-idx3-ubyte.gz and the three others), with CIFAR-10's .bin files, with x_train.npy and y_train.npy, or",
  "with one folder of PNG or JPEG images a class; a .csv, .tsv, .npz, .npy or .txt file; or the name of a fetched dataset:",
  KNOWN_DATASET_NAMES.join(", "),
].join(" ");

/** Share of rows or images that is kept for the test where neither data nor run says so. */
const TEST_SHARE = 0.2;
/** Tokens of a window over a text where the run does not say so. */
const TEXT_LENGTH = 64;

const unpack = promisify(gunzip);

/**
 * The dataset that `--data` names. What the file does not say (the target of a CSV file, the length of a window over a text, the size of images) is taken
 * from the run's own data where that is of the same kind. Files are read when the dataset is loaded.
 * @param own the run's data @param cache where fetched datasets lie
 * @throws CommandError DATA_INVALID when nothing there can be read
 */
export function datasetAt(path: string, own: Dataset, cache: string = cacheFolder()): Dataset {
  const full = resolve(path);
  if (existsSync(full)) return statSync(full).isDirectory() ? folderAt(full, own) : fileAt(full, own);
  const known = KNOWN_DATASET_NAMES.find((name) => name === path);
  if (known === undefined) throw new CommandError("DATA_INVALID", `There is nothing at ${full}`, UNDERSTOOD);
  const folder = join(cache, known);
  if (!isFetched(KNOWN_DATASETS[known], folder)) {
    throw new CommandError(
      "DATA_INVALID",
      `The dataset ${known} is not on this machine`,
      `Fetch it first: tributary data fetch ${known}`,
    );
  }
  return known === "tiny-shakespeare" ? fileAt(join(folder, "input.txt"), own) : folderAt(folder, own);
}

function folderAt(folder: string, own: Dataset): Dataset {
  const name = basename(folder);
  const names = readdirSync(folder);
  if (hasIdx(folder, names)) {
    return idx({
      name,
      folder,
      gunzip: async (bytes, limitBytes) => new Uint8Array(await unpack(bytes, { maxOutputLength: limitBytes })),
    });
  }
  if (findCifar10Names(names) !== undefined) return cifar10({ name, folder });
  const arrays = NPZ_NAMES.find(({ train }) => Object.values(train).every((array) => names.includes(`${array}.npy`)));
  if (arrays !== undefined) return arraysIn(folder, names, arrays);
  if (names.some((entry) => statSync(join(folder, entry)).isDirectory())) {
    return own instanceof ImagesDataset ? own.withFolder(folder) : images({ name, folder, test: TEST_SHARE });
  }
  throw new CommandError("DATA_INVALID", `${folder} holds nothing that is understood`, UNDERSTOOD);
}

function hasIdx(folder: string, names: readonly string[]): boolean {
  try {
    return findIdxNames(names) !== undefined;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new CommandError("DATA_INVALID", `${folder}: ${error.message}`, UNDERSTOOD, { cause: error });
  }
}

function arraysIn(folder: string, names: readonly string[], { train, test }: (typeof NPZ_NAMES)[number]): Dataset {
  const at = ({ inputs, targets }: { readonly inputs: string; readonly targets: string }) => ({
    inputs: join(folder, `${inputs}.npy`),
    targets: join(folder, `${targets}.npy`),
  });
  const hasTest = Object.values(test).every((array) => names.includes(`${array}.npy`));
  return npy({
    name: basename(folder),
    train: at(train),
    channelAxis: true,
    testShare: TEST_SHARE,
    ...(hasTest ? { test: at(test) } : {}),
  });
}

function fileAt(file: string, own: Dataset): Dataset {
  const name = basename(file, extname(file));
  switch (extname(file).toLowerCase()) {
    case ".csv":
    case ".tsv": {
      if (own instanceof TableDataset) return own.withFile(file);
      const separator = file.toLowerCase().endsWith(".tsv") ? "\t" : ",";
      return csv({ name, file, separator, standardise: true, test: TEST_SHARE });
    }
    case ".npz":
      return npz({ name, file, channelAxis: true, testShare: TEST_SHARE });
    case ".npy":
      return arraysBeside(file);
    case ".txt":
    case ".text":
    case ".md":
      return own instanceof TextDataset ? own.withFile(file) : text({ name, file, length: TEXT_LENGTH });
    default:
      throw new CommandError("DATA_INVALID", `${file} has no ending that is understood`, UNDERSTOOD);
  }
}

/** The dataset of which one array was named: the others lie beside it. */
function arraysBeside(file: string): Dataset {
  const folder = dirname(file);
  const array = basename(file, ".npy");
  const names = readdirSync(folder);
  const found = NPZ_NAMES.find(
    ({ train }) =>
      Object.values(train).some((name) => name === array) &&
      Object.values(train).every((name) => names.includes(`${name}.npy`)),
  );
  if (found !== undefined) return arraysIn(folder, names, found);
  const pairs = NPZ_NAMES.map(({ train }) => `${train.inputs}.npy and ${train.targets}.npy`).join(", ");
  throw new CommandError(
    "DATA_INVALID",
    `${file} has no array beside it that goes with it`,
    `Name two files of one folder ${pairs}; or use an .npz file`,
  );
}

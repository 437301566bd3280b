import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { type FileSource, type FolderSource, listSource, readSource } from "./files.ts";
import type { Split } from "./split.ts";

/** Names of the classes 0 to 9. Source: Krizhevsky (2009), "Learning multiple layers of features from tiny images". */
export const CIFAR10_CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

/** The files of CIFAR-10's binary version. */
export interface Cifar10Names {
  /** Usually five, of 10,000 images each. */
  readonly train: readonly string[];
  readonly test: string;
}

/** Where the bytes of CIFAR-10's binary version come from. */
export interface Cifar10Files {
  /** One file after the other. */
  readonly train: readonly FileSource[];
  readonly test: FileSource;
}

/** A dataset out of CIFAR-10's binary version, in a folder under the usual names or wherever `files` says. */
export interface Cifar10Options {
  /** For people. Default "cifar-10". */
  readonly name?: string;
  readonly folder?: FolderSource;
  readonly files?: Cifar10Files;
}

async function filesIn({ folder, files }: Cifar10Options): Promise<Cifar10Files> {
  if (files !== undefined) return files;
  const listed = folder === undefined ? [] : await listSource(folder);
  const names = findCifar10Names(listed.map(({ path }) => path));
  if (names === undefined) {
    throw new DataError(
      "CIFAR_TRUNCATED",
      "There are no data_batch_1.bin to data_batch_5.bin and test_batch.bin: name their folder, or each of them",
    );
  }
  const at = (path: string) => listed.find((file) => file.path === path)?.read ?? path;
  return { train: names.train.map(at), test: at(names.test) };
}

const SIDE = 32;
const PIXEL_BYTES = 3 * SIDE * SIDE;
/** One label, then the red, the green and the blue plane. */
const RECORD_BYTES = 1 + PIXEL_BYTES;

function parse(files: readonly Uint8Array[]): Split {
  const samples = files.reduce((sum, bytes) => sum + bytes.byteLength, 0) / RECORD_BYTES;
  const broken = files.find((bytes) => bytes.byteLength === 0 || bytes.byteLength % RECORD_BYTES !== 0);
  if (broken !== undefined || samples === 0) {
    throw new DataError(
      "CIFAR_TRUNCATED",
      `A file has ${broken?.byteLength ?? 0} bytes, no whole number of records of ${RECORD_BYTES}: get it again, in the binary version`,
    );
  }
  const inputs = new Uint8Array(samples * PIXEL_BYTES);
  const targets = new Int32Array(samples);
  let sample = 0;
  for (const bytes of files) {
    for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) {
      const label = bytes[at] ?? 0;
      if (label >= CIFAR10_CLASSES.length) {
        throw new DataError(
          "LABEL_OUT_OF_RANGE",
          `Record ${sample} has the label ${label}: check that the file is of CIFAR-10's binary version`,
        );
      }
      targets[sample] = label;
      inputs.set(bytes.subarray(at + 1, at + RECORD_BYTES), sample * PIXEL_BYTES);
      sample += 1;
    }
  }
  return { samples, columns: { inputs, targets } };
}

/**
 * A dataset out of CIFAR-10's binary version: fields `inputs` (uint8 [3, 32, 32]) and `targets` (int32 [], 0 to 9): `cifar10({ folder: "cifar-10" })`.
 * Loading throws DataError CIFAR_TRUNCATED, LABEL_OUT_OF_RANGE, FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export function cifar10(options: Cifar10Options): Dataset {
  return new Dataset(options.name ?? "cifar-10", async () => {
    const { train, test } = await filesIn(options);
    return {
      fields: [
        { name: "inputs", dtype: "uint8", shape: [3, SIDE, SIDE] },
        { name: "targets", dtype: "int32", shape: [] },
      ],
      train: parse(await Promise.all(train.map((file) => readSource(file)))),
      test: parse([await readSource(test)]),
      classNames: CIFAR10_CLASSES,
    };
  });
}

/** Finds the files among the names in a folder; undefined when they are not there. */
export function findCifar10Names(names: readonly string[]): Cifar10Names | undefined {
  const train = names.filter((name) => /^data_batch_\d+\.bin$/.test(name)).toSorted();
  return train.length > 0 && names.includes("test_batch.bin") ? { train, test: "test_batch.bin" } : undefined;
}

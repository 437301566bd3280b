import { Dataset } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { allocateColumn, type Field, fieldElements } from "../field.ts";
import { type FileSource, readSource } from "../files.ts";
import type { LoadedDataset, Split } from "../split.ts";
import { splitSamples } from "../transforms.ts";
import { type NpyArray, parseNpy } from "./npy.ts";
import { listZip } from "./zip.ts";

/** What becomes of the arrays of NPY and NPZ files. */
interface ArrayForms {
  /** For people. Default "npy" or "npz". */
  readonly name?: string;
  /** Shape of one sample of a field, where it is to be another than the file's with as many elements: inputs: [1, 28, 28]. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Gives uint8 inputs of [height, width] a channel axis, [1, height, width], as convolutions take them. Default false. */
  readonly channelAxis?: boolean;
  /** Share of the samples, drawn at random, that becomes the test where there are no test arrays; 0 to 1. Default 0. */
  readonly testShare?: number;
  /** Takes NaN and infinities instead of refusing them. Default false. */
  readonly allowNotFinite?: boolean;
}

/** A dataset out of NPY files: one array per field, whose first dimension is the number of samples. */
export interface NpyOptions extends ArrayForms {
  /** By field name: { inputs: "x.npy", targets: "y.npy" }. */
  readonly train: Readonly<Record<string, FileSource>>;
  /** Likewise. Default: no test samples. */
  readonly test?: Readonly<Record<string, FileSource>>;
}

/** A dataset out of one NPZ archive. */
export interface NpzOptions extends ArrayForms {
  readonly file: FileSource;
  /** Name of the array of each field: { inputs: "x_train", targets: "y_train" }. Default: what {@link NPZ_NAMES} finds. */
  readonly train?: Readonly<Record<string, string>>;
  /** Likewise. Default: what goes with the training arrays, if it is there. */
  readonly test?: Readonly<Record<string, string>>;
}

/** Names that arrays of training and test data usually have in an archive, tried in this order; the first ones are those of Keras. */
export const NPZ_NAMES = [
  { train: { inputs: "x_train", targets: "y_train" }, test: { inputs: "x_test", targets: "y_test" } },
  {
    train: { inputs: "train_images", targets: "train_labels" },
    test: { inputs: "test_images", targets: "test_labels" },
  },
  { train: { inputs: "X_train", targets: "y_train" }, test: { inputs: "X_test", targets: "y_test" } },
  { train: { inputs: "inputs", targets: "targets" }, test: { inputs: "test_inputs", targets: "test_targets" } },
  { train: { inputs: "x", targets: "y" }, test: { inputs: "x_test", targets: "y_test" } },
  { train: { inputs: "X", targets: "y" }, test: { inputs: "X_test", targets: "y_test" } },
] as const;

type ReadArrays = () => Promise<ReadonlyMap<string, NpyArray>>;

/**
 * A dataset out of NPY files. Whole-number targets become int32; float64 becomes float32.
 * Loading throws DataError NPY_INVALID, NPY_DTYPE, NPY_TRUNCATED, NPY_SHAPE, VALUE_NOT_FINITE, FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export function npy(options: NpyOptions): Dataset {
  const read = (files: Readonly<Record<string, FileSource>>) => async () => {
    const arrays = new Map<string, NpyArray>();
    for (const [field, file] of Object.entries(files)) arrays.set(field, parseNpy(await readSource(file)));
    return arrays;
  };
  const { train, test = {} } = options;
  return datasetOf(options.name ?? "npy", options, read(train), read(test));
}

/**
 * A dataset out of an NPZ archive, packed or not. Whole-number targets become int32; float64 becomes float32.
 * Loading throws what {@link npy} throws, and DataError ZIP_INVALID, ZIP_UNSUPPORTED, ARRAY_MISSING.
 */
export function npz(options: NpzOptions): Dataset {
  const load = async () => {
    const members = new Map(
      listZip(await readSource(options.file)).map((member) => [member.name.replace(/\.npy$/, ""), member]),
    );
    const found = NPZ_NAMES.find(({ train }) => Object.values(train).every((name) => members.has(name)));
    const names =
      options.train ?? found?.train ?? missing(`${NPZ_NAMES[0].train.inputs} or the like`, [...members.keys()]);
    const guessed = options.train === undefined ? found?.test : undefined;
    const hasTest = guessed !== undefined && Object.values(guessed).every((name) => members.has(name));
    const pick = (wanted: Readonly<Record<string, string>>) => {
      const arrays = new Map<string, NpyArray>();
      for (const [field, name] of Object.entries(wanted)) {
        const member = members.get(name) ?? missing(name, [...members.keys()]);
        arrays.set(field, parseNpy(member.read()));
      }
      return arrays;
    };
    return { train: pick(names), test: pick(options.test ?? (hasTest ? guessed : {})) };
  };
  let loading: ReturnType<typeof load> | undefined;
  const once = () => {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  return datasetOf(
    options.name ?? "npz",
    options,
    async () => (await once()).train,
    async () => (await once()).test,
  );
}

function missing(name: string, names: readonly string[]): never {
  throw new DataError(
    "ARRAY_MISSING",
    `The archive has no array ${name}: name one of ${names.slice(0, 20).join(", ") || "(none)"}`,
  );
}

function datasetOf(name: string, forms: ArrayForms, readTrain: ReadArrays, readTest: ReadArrays): Dataset {
  const source = async (): Promise<LoadedDataset> => {
    const [trainArrays, testArrays] = await Promise.all([readTrain(), readTest()]);
    const fields = [...trainArrays].map(([field, array]) => fieldOf(field, array, forms));
    const train = splitOf(fields, trainArrays, "train");
    if (train.samples === 0) throw new DataError("DATASET_EMPTY", `${name} has no training samples: give at least one`);
    const dataset = { fields, train, test: splitOf(fields, testArrays, "test") };
    const { testShare = 0 } = forms;
    return testShare > 0 && dataset.test.samples === 0 ? splitSamples(dataset, { test: testShare }, 0) : dataset;
  };
  return new Dataset(name, source, { allowNotFinite: forms.allowNotFinite === true });
}

/** Loss functions take classes as int32. */
function fieldDType(name: string, array: NpyArray): Field["dtype"] {
  return name === "targets" && (array.dtype === "uint8" || array.dtype === "uint32") ? "int32" : array.dtype;
}

function fieldOf(name: string, array: NpyArray, { shapes = {}, channelAxis = false }: ArrayForms): Field {
  const own = array.shape.slice(1);
  const isGrey = channelAxis && name === "inputs" && array.dtype === "uint8" && own.length === 2;
  const shape = shapes[name] ?? (isGrey ? [1, ...own] : own);
  if (array.shape.length === 0 || fieldElements({ shape }) !== fieldElements({ shape: own })) {
    throw new DataError(
      "NPY_SHAPE",
      `Array ${name} is [${array.shape.join(", ")}], so that a sample is no [${shape.join(", ")}]: name a shape of as many elements`,
    );
  }
  return { name, dtype: fieldDType(name, array), shape };
}

function splitOf(fields: readonly Field[], arrays: ReadonlyMap<string, NpyArray>, part: string): Split {
  const present = [...arrays.keys()];
  const samples = arrays.get(present[0] ?? "")?.shape[0] ?? 0;
  const columns = fields.map((field) => {
    const array = arrays.get(field.name);
    if (array === undefined && present.length === 0) return [field.name, allocateColumn(field.dtype, 0)] as const;
    const elements = fieldElements(field);
    const fits = array !== undefined && array.shape[0] === samples && array.data.length === samples * elements;
    if (!fits || fieldDType(field.name, array) !== field.dtype) {
      throw new DataError(
        "NPY_SHAPE",
        `Array ${field.name} of ${part} is ${array === undefined ? "not there" : `${array.dtype} [${array.shape.join(", ")}]`}, where ${field.dtype} ` +
          `[${[samples, ...field.shape].join(", ")}] was to be expected: check that the arrays are of one dataset`,
      );
    }
    return [field.name, field.dtype === array.dtype ? array.data : Int32Array.from(array.data)] as const;
  });
  return { samples, columns: Object.fromEntries(columns) };
}

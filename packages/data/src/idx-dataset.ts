import { gunzipSync } from "fflate";
import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import type { Field } from "./field.ts";
import { type FileSource, type FolderSource, listSource, readSource } from "./files.ts";
import { findIdxNames, type Gunzip, type IdxArray, type IdxNames, readIdx } from "./idx.ts";
import type { Split } from "./split.ts";

/** Where the bytes of the four IDX files come from: each is read when the dataset is loaded. */
export type IdxFiles = Readonly<Record<keyof IdxNames, FileSource>>;

/** A dataset out of IDX files, in a folder under their usual names or wherever `files` says. */
export interface IdxOptions {
  /** For people. Default "idx". */
  readonly name?: string;
  readonly folder?: FolderSource;
  readonly files?: IdxFiles;
  /** In place of the one that comes along, which is a few times slower than a platform's own. */
  readonly gunzip?: Gunzip;
}

/** Unpacks gzip; the unpacked size stands in the last four bytes (RFC 1952, 2.3.1), and no more memory than that is taken. */
const gunzipHere: Gunzip = async (bytes, limitBytes) => {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.byteLength - 4, true);
  if (size > limitBytes)
    throw new DataError("IDX_GZIP", `The file unpacks to ${size} bytes, more than ${limitBytes}: split it`);
  return gunzipSync(bytes);
};

async function filesIn({ folder, files, name = "idx" }: IdxOptions): Promise<IdxFiles> {
  if (files !== undefined) return files;
  const listed = folder === undefined ? [] : await listSource(folder);
  const names = findIdxNames(listed.map(({ path }) => path));
  if (names === undefined)
    throw new DataError("IDX_FILES_MISSING", `${name} has no IDX files: name their folder, or each of the four`);
  const at = (path: string) => listed.find((file) => file.path === path)?.read ?? path;
  return {
    trainImages: at(names.trainImages),
    trainLabels: at(names.trainLabels),
    testImages: at(names.testImages),
    testLabels: at(names.testLabels),
  };
}

/** The shape of one image: grey images [H, W] get a channel axis, [1, H, W]; other shapes stay. */
function imageShape(images: IdxArray): readonly number[] {
  const shape = images.shape.slice(1);
  return shape.length === 2 ? [1, ...shape] : shape;
}

function splitOf(images: IdxArray, labels: IdxArray, name: string): Split {
  const samples = images.shape[0] ?? 0;
  if (labels.shape.length !== 1 || labels.shape[0] !== samples) {
    throw new DataError(
      "IDX_SHAPE",
      `The images of ${name} are [${images.shape.join(", ")}] and the labels [${labels.shape.join(", ")}], where [${samples}] was to be ` +
        "expected: check that the files are of one dataset",
    );
  }
  if (labels.dtype === "float32") {
    throw new DataError("IDX_SHAPE", `The labels of ${name} are float32: give the classes as whole numbers`);
  }
  return { samples, columns: { inputs: images.data, targets: Int32Array.from(labels.data) } };
}

/**
 * A dataset of images and classes out of IDX files, such as MNIST: fields `inputs` (uint8 [1, 28, 28] there) and `targets`
 * (int32 []): `idx({ folder: "mnist" })`.
 * Loading throws DataError IDX_SHAPE, IDX_FILES_MISSING, FILE_UNREADABLE, FILE_TOO_LARGE, and what {@link readIdx} throws.
 */
export function idx(options: IdxOptions): Dataset {
  const { name = "idx", gunzip = gunzipHere } = options;
  return new Dataset(name, async () => {
    const files = await filesIn(options);
    const read = async (file: FileSource) => await readIdx(await readSource(file), gunzip);
    const trainImages = await read(files.trainImages);
    const testImages = await read(files.testImages);
    const shape = imageShape(trainImages);
    const testShape = imageShape(testImages);
    if (shape.join() !== testShape.join() || trainImages.dtype !== testImages.dtype) {
      throw new DataError(
        "IDX_SHAPE",
        `Training images are ${trainImages.dtype} [${shape.join(", ")}], test images ${testImages.dtype} [${testShape.join(", ")}]: ` +
          "check that the files are of one dataset",
      );
    }
    const fields: readonly Field[] = [
      { name: "inputs", dtype: trainImages.dtype, shape },
      { name: "targets", dtype: "int32", shape: [] },
    ];
    const train = splitOf(trainImages, await read(files.trainLabels), "train");
    const test = splitOf(testImages, await read(files.testLabels), "test");
    return { fields, train, test };
  });
}

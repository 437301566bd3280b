import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import type { Field } from "./field.ts";
import { type Gunzip, type IdxArray, type IdxNames, readIdx } from "./idx.ts";
import type { Split } from "./split.ts";

/** Where the bytes of the four IDX files come from: each is read when the dataset is loaded. */
export interface IdxOptions {
  /** For people. Default "idx". */
  readonly name?: string;
  readonly files: Readonly<Record<keyof IdxNames, () => Promise<Uint8Array>>>;
  /** Needed when files are packed. */
  readonly gunzip?: Gunzip;
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
 * (int32 []). Loading throws DataError IDX_SHAPE, and what {@link readIdx} throws.
 */
export function idx(options: IdxOptions): Dataset {
  const { name = "idx", files, gunzip } = options;
  return new Dataset(name, async () => {
    const trainImages = await readIdx(await files.trainImages(), gunzip);
    const testImages = await readIdx(await files.testImages(), gunzip);
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
    const train = splitOf(trainImages, await readIdx(await files.trainLabels(), gunzip), "train");
    const test = splitOf(testImages, await readIdx(await files.testLabels(), gunzip), "test");
    return { fields, train, test };
  });
}

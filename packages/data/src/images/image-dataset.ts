import { prefetch } from "../batches.ts";
import { Dataset } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { FIELD_LIMITS } from "../field.ts";
import { type FolderSource, listSource, type NamedFile } from "../files.ts";
import { partition, type SplitShares } from "../partition.ts";
import type { LoadedDataset, Split } from "../split.ts";
import { type DecodedImage, decodeImage, type ImageDecoder } from "./decode-image.ts";
import { type ImageFit, type ImageForm, renderImageInto } from "./resize.ts";

/** A dataset out of folders of images, one folder a class. */
export interface ImagesOptions extends SplitShares {
  /** For people. Default "images". */
  readonly name?: string;
  /** Holds CLASS/image.png, or train/CLASS/image.png beside test/CLASS/image.png; and perhaps validation. */
  readonly folder: FolderSource;
  /** [height, width] that every image gets. Default: the size that all of them have. */
  readonly size?: readonly [height: number, width: number];
  /** Default "rgb". */
  readonly color?: "grey" | "rgb";
  /** How images of other proportions fill the size: stretched (default), or their middle. */
  readonly fit?: ImageFit;
  /** Grey level behind what is transparent, 0 to 255. Default 0, black. */
  readonly background?: number;
  /** Of the split. Default 0. */
  readonly seed?: number;
  /** In place of the decoder for PNG and JPEG. */
  readonly decode?: ImageDecoder;
}

/** What a folder of images may hold. */
export const IMAGE_FOLDER_LIMITS = {
  /** Bytes of one split, 4 GiB. */
  splitBytes: 4_294_967_296,
  /** Files that are read ahead of the decoder. */
  filesAhead: 4,
} as const;

const IMAGE_NAME = /\.(png|jpe?g)$/i;

const PART_NAMES: ReadonlyMap<string, PartName> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["validation", "validation"],
  ["valid", "validation"],
  ["val", "validation"],
  ["test", "test"],
  ["testing", "test"],
]);

type PartName = "train" | "validation" | "test";

interface LabelledFile {
  readonly file: NamedFile;
  readonly label: number;
}

interface Listing {
  readonly classNames: readonly string[];
  readonly parts: Readonly<Record<PartName, readonly LabelledFile[]>>;
}

/** A dataset out of folders of images, which also knows the names of its classes. */
export class ImagesDataset extends Dataset {
  private readonly options: ImagesOptions;

  /** Made by {@link images}. */
  constructor(options: ImagesOptions, source: () => Promise<LoadedDataset>) {
    super(options.name ?? "images", source);
    this.options = options;
  }

  /** Names of the classes 0, 1, and so on: those of the folders, in code unit order. @throws DataError IMAGE_FOLDERS, FILE_UNREADABLE */
  async classNames(): Promise<readonly string[]> {
    return (await listImages(this.options)).classNames;
  }

  /** The same reading of another folder. */
  withFolder(folder: FolderSource): ImagesDataset {
    return images({ ...this.options, folder });
  }
}

/**
 * A dataset out of folders of PNG and JPEG images: fields `inputs` (uint8 [1 or 3, height, width]) and `targets` (int32 [], the folder's place
 * among the names of the classes).
 * Loading throws DataError IMAGE_FOLDERS, IMAGE_INVALID, IMAGE_SIZE, FILE_UNREADABLE, FILE_TOO_LARGE, SPLIT_INVALID, DATASET_EMPTY.
 */
export function images(options: ImagesOptions): ImagesDataset {
  return new ImagesDataset(options, async () => {
    const { parts, classNames } = await listImages(options);
    const form = await formOf(options, parts.train);
    const channels = form.color === "grey" ? 1 : 3;
    const read = (files: readonly LabelledFile[]) => readImages(files, options, form, channels);
    return {
      fields: [
        { name: "inputs", dtype: "uint8", shape: [channels, form.height, form.width] },
        { name: "targets", dtype: "int32", shape: [] },
      ],
      train: await read(parts.train),
      validation: await read(parts.validation),
      test: await read(parts.test),
      classNames,
    };
  });
}

function refuse(message: string): never {
  throw new DataError("IMAGE_FOLDERS", message);
}

async function listImages(options: ImagesOptions): Promise<Listing> {
  const files = (await listSource(options.folder)).filter(({ path }) => IMAGE_NAME.test(path));
  if (files.length === 0) refuse("There is no PNG or JPEG image in the folder: put them into one folder a class");
  const inParts = files.every(({ path }) => PART_NAMES.has(path.split("/")[0] ?? ""));
  const depth = inParts ? 1 : 0;
  const labelOf = ({ path }: NamedFile) => {
    const parts = path.split("/");
    return parts.length > depth + 1
      ? (parts[depth] ?? "")
      : refuse(`${path} is in no folder of a class: put it into one that is called like its class`);
  };
  const partOf = ({ path }: NamedFile) => (inParts ? PART_NAMES.get(path.split("/")[0] ?? "") : undefined) ?? "train";
  const training = files.filter((file) => partOf(file) === "train");
  const classNames = [...new Set(training.map(labelOf))].toSorted();
  const labelled = (part: PartName) =>
    files
      .filter((file) => partOf(file) === part)
      .map((file): LabelledFile => {
        const label = classNames.indexOf(labelOf(file));
        return label >= 0
          ? { file, label }
          : refuse(
              `${file.path} is of a class that has no training image: the classes are ${classNames.slice(0, 20).join(", ") || "(none)"}`,
            );
      });
  if (inParts)
    return {
      classNames,
      parts: { train: labelled("train"), validation: labelled("validation"), test: labelled("test") },
    };
  const all = labelled("train");
  const chosen = partition(all.length, options, options.seed ?? 0);
  const pick = (indices: readonly number[]) => indices.flatMap((index) => all[index] ?? []);
  return {
    classNames,
    parts: { train: pick(chosen.train), validation: pick(chosen.validation), test: pick(chosen.test) },
  };
}

async function formOf(options: ImagesOptions, training: readonly LabelledFile[]): Promise<ImageForm> {
  const { color = "rgb", fit = "stretch", background = 0 } = options;
  const [height, width] = options.size ?? (await sizeOfFirst(options, training));
  const bytes = height * width * (color === "grey" ? 1 : 3);
  if (!Number.isSafeInteger(bytes) || height < 1 || width < 1 || bytes > FIELD_LIMITS.sampleBytes) {
    throw new DataError(
      "IMAGE_SIZE",
      `Images of ${height} x ${width} cannot be samples: name a size of at most ${FIELD_LIMITS.sampleBytes} bytes`,
    );
  }
  return { height, width, color, fit, background };
}

async function sizeOfFirst(
  options: ImagesOptions,
  [first]: readonly LabelledFile[],
): Promise<readonly [number, number]> {
  if (first === undefined) refuse("There is no training image: put some into train/CLASS");
  const { height, width } = await decodeFile(first.file, await first.file.read(), options);
  return [height, width];
}

async function decodeFile(
  file: NamedFile,
  bytes: Uint8Array,
  { decode = decodeImage }: ImagesOptions,
): Promise<DecodedImage> {
  try {
    return await decode(bytes);
  } catch (cause) {
    if (!(cause instanceof DataError))
      throw new DataError("IMAGE_INVALID", `${file.path} cannot be decoded: mend or remove it`, { cause });
    throw new DataError(cause.code, `${file.path}: ${cause.message}`, { cause });
  }
}

async function readImages(
  files: readonly LabelledFile[],
  options: ImagesOptions,
  form: ImageForm,
  channels: number,
): Promise<Split> {
  const length = channels * form.height * form.width;
  if (files.length * length > IMAGE_FOLDER_LIMITS.splitBytes) {
    throw new DataError(
      "IMAGE_SIZE",
      `${files.length} images of ${length} bytes take more than ${IMAGE_FOLDER_LIMITS.splitBytes}: name a smaller size`,
    );
  }
  const inputs = new Uint8Array(files.length * length);
  let index = 0;
  for await (const { labelled, bytes } of prefetch(readAhead(files), IMAGE_FOLDER_LIMITS.filesAhead)) {
    const image = await decodeFile(labelled.file, bytes, options);
    if (options.size === undefined && (image.height !== form.height || image.width !== form.width)) {
      throw new DataError(
        "IMAGE_SIZE",
        `${labelled.file.path} is ${image.height} x ${image.width}, others are ${form.height} x ${form.width}: name the size that all shall get`,
      );
    }
    renderImageInto(inputs.subarray(index * length, (index + 1) * length), image, form);
    index += 1;
  }
  return { samples: files.length, columns: { inputs, targets: Int32Array.from(files, ({ label }) => label) } };
}

function* readAhead(files: readonly LabelledFile[]) {
  for (const labelled of files) yield labelled.file.read().then((bytes) => ({ labelled, bytes }));
}

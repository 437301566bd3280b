export { type ArraysOptions, arrays, type NamedArrays, type WindowsOptions, windows } from "./array-dataset.ts";
export { type BatchOptions, prefetch } from "./batches.ts";
export {
  CIFAR10_CLASSES,
  type Cifar10Files,
  type Cifar10Names,
  type Cifar10Options,
  cifar10,
  findCifar10Names,
} from "./cifar10-dataset.ts";
export { CSV_LIMITS, type CsvOptions, csv, TableDataset } from "./csv/csv-dataset.ts";
export type { CsvColumn, CsvColumnType, MissingPolicy } from "./csv/table-column.ts";
export type { TableDescription, TableFeature } from "./csv/table-encoding.ts";
export { Dataset, type DatasetChecks, DatasetSplit, type FieldSamples } from "./dataset.ts";
export { DIGIT_CLASSES, type DigitsRange, type GeneratedDigits, generateDigits } from "./digits.ts";
export { DIGIT_FIELDS, type DigitsOptions, digits } from "./digits-dataset.ts";
export { EpochOrder, type EpochOrderOptions, type SamplePlace } from "./epoch-order.ts";
export { DATA_ERROR_CODES, DataError, type DataErrorCode } from "./errors.ts";
export {
  type ColumnData,
  FIELD_DTYPE_BYTES,
  FIELD_DTYPES,
  FIELD_LIMITS,
  type Field,
  type FieldDType,
  type FieldWindow,
  fieldElements,
} from "./field.ts";
export { FILE_LIMITS, type FileSource, type FileUrl, type FolderSource, type NamedFile } from "./files.ts";
export { type ForecastOptions, forecast } from "./forecast-dataset.ts";
export { type GeneratorOptions, generator, type SampleSource } from "./generator-dataset.ts";
export { findIdxNames, type Gunzip, IDX_LIMITS, type IdxArray, type IdxNames, parseIdx, readIdx } from "./idx.ts";
export { type IdxFiles, type IdxOptions, idx } from "./idx-dataset.ts";
export { type DecodedImage, decodeImage, IMAGE_LIMITS, type ImageDecoder } from "./images/decode-image.ts";
export { IMAGE_FOLDER_LIMITS, ImagesDataset, type ImagesOptions, images } from "./images/image-dataset.ts";
export type { ImageFit } from "./images/resize.ts";
export {
  encodeManifest,
  MANIFEST_FORMAT,
  MANIFEST_LIMITS,
  MANIFEST_VERSION,
  type Manifest,
  manifestHash,
  parseManifest,
  type ShardEntry,
  SPLIT_NAMES,
  type SplitManifest,
  type SplitName,
} from "./manifest.ts";
export { createMicrobatch, fillMicrobatchInto, type Microbatch, type MicrobatchRange } from "./microbatch.ts";
export { type NpyArray, parseNpy } from "./numpy/npy.ts";
export { NPZ_NAMES, type NpyOptions, type NpzOptions, npy, npz } from "./numpy/numpy-dataset.ts";
export type { SplitShares } from "./partition.ts";
export { COLLECTED_LIMITS, type FieldForms, type NewSample, type Sample } from "./sample.ts";
export { sha256Hex } from "./sha256.ts";
export {
  DEFAULT_SHARD_BYTES,
  openHashedShard,
  openShard,
  type PackedDataset,
  type PackOptions,
  packDataset,
  Shard,
  sourceSample,
} from "./shards.ts";
export type { LoadedDataset, Split } from "./split.ts";
export { BYTE_PAIR_LIMITS, BytePairTokenizer, trainBytePairs } from "./text/byte-pairs.ts";
export { TEXT_LIMITS, TextDataset, type TextOptions, text } from "./text/text-dataset.ts";
export { CharacterTokenizer, type Tokenizer, type TokenizerDescription } from "./text/tokenizer.ts";
export { parseTokenizer } from "./text/tokenizer-json.ts";
export type { PartName } from "./transforms.ts";
export { checkIndices, type IndexRule } from "./value-checks.ts";

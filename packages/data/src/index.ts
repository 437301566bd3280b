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
export { DEFAULT_SHARD_BYTES, openShard, type PackedDataset, type PackOptions, packDataset, Shard } from "./shards.ts";
export type { LoadedDataset, Split } from "./split.ts";

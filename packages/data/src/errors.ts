/** Every code a {@link DataError} can carry: what it means and how to mend it. */
export const DATA_ERROR_CODES = {
  FIELD_INVALID:
    "A field's name, dtype, shape or window cannot be used: choose a name of letters and digits, and dimensions of at least 1",
  COLUMN_MISMATCH:
    "An array's length or element type does not fit its field and the number of samples: pass samples x elements-per-sample values of the field's type",
  NUMBER_INVALID: "A seed, epoch, count or size is not a whole number in its range: pass one that the message allows",
  POSITION_OUT_OF_RANGE:
    "A position, or a range of positions, lies outside the epoch: ask for positions below the number of samples",
  MANIFEST_INVALID:
    "A manifest's JSON does not have the described form: make it again with the same version of Tributary",
  MANIFEST_TOO_LARGE:
    "A manifest exceeds a limit on fields, shards, samples or bytes: use larger shards or fewer samples",
  SHARD_LENGTH: "A shard has another number of bytes than its manifest says: fetch it again",
  SHARD_HASH: "A shard's SHA-256 differs from its manifest's: fetch it again, and distrust where it came from",
  SHARD_MISSING: "A shard that the samples lie in was not given: fetch the shards of the lease first",
  SAMPLE_TOO_LARGE: "One sample has more bytes than a shard may have: split it, or store it with a smaller dtype",
  IDX_MAGIC: "The bytes are not an IDX file: check the file's name and whether it is still compressed",
  IDX_TRUNCATED: "An IDX file has fewer or more bytes than its header says: download it again",
  IDX_TOO_LARGE: "An IDX file describes more elements than the limit: split the file",
  IDX_GZIP:
    "An IDX file is compressed with gzip and cannot be unpacked here: pass a gunzip function, or unpack it first",
  IDX_FILES_MISSING: "Some of the four IDX files of a dataset are missing: put all four into one folder",
  IDX_SHAPE: "Images and labels of IDX files do not belong together: check that the files are of one dataset",
} as const;

/** One of the keys of {@link DATA_ERROR_CODES}. */
export type DataErrorCode = keyof typeof DATA_ERROR_CODES;

/** What is wrong with data, a description of data, or a request for data. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly code: DataErrorCode;

  constructor(code: DataErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

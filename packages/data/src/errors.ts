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
  CIFAR_TRUNCATED: "A file of CIFAR-10's binary version is no whole number of records: get it again",
  FILE_UNREADABLE: "A file or folder cannot be read: check its path, and that this platform has files",
  FILE_TOO_LARGE: "A file has more bytes than its reader takes: split it, or convert it to a more compact form",
  CSV_SYNTAX: "A CSV file breaks the rules of quoting (RFC 4180): mend the line that the message names",
  CSV_RAGGED: "A row of a CSV file has more or fewer values than the header: mend the line that the message names",
  CSV_COLUMN:
    "A column of a CSV file is unknown, named twice, or not what was asked for: check the names of the columns",
  CSV_VALUE: "A value of a CSV file does not fit its column's type: mend the value, or choose another type",
  CSV_MISSING: "A value of a CSV file is missing and its column takes none: choose a policy for missing values",
  NPY_INVALID: "The bytes are not an NPY file that is understood: write it again with numpy.save, without pickling",
  NPY_DTYPE: "An NPY file holds elements that no field can hold: convert them, to float32 or int32 say",
  NPY_TRUNCATED: "An NPY file has fewer or more bytes than its header says: get it again",
  NPY_SHAPE: "Arrays of NPY or NPZ files do not belong together: the first dimension is the number of samples in each",
  ZIP_INVALID: "The bytes are no whole ZIP archive, or a member is broken: get it again",
  ZIP_UNSUPPORTED:
    "A ZIP archive uses what this reader lacks (encryption, 64-bit sizes, other compression): pack it again",
  ARRAY_MISSING: "An archive does not hold an array that was asked for: choose among those the message lists",
  IMAGE_INVALID: "A file is no PNG or JPEG image that can be decoded: mend or remove it",
  IMAGE_SIZE: "Images have different sizes, or too large ones: name the size that all shall get",
  IMAGE_FOLDERS: "A folder of images lacks the form CLASS/image.png or train/CLASS/image.png: arrange its files so",
  TOKEN_UNKNOWN:
    "A text or a list of tokens has something that the tokenizer never saw: train the tokenizer on such text",
  TOKENIZER_INVALID: "A tokenizer's description or its options cannot be used: make it again",
  SAMPLE_INVALID:
    "What a function or generator gave is no sample of the fields: return a value of the right length for every field",
  DATASET_EMPTY: "A dataset, or a part of it, has no samples where at least one is needed: check source and filters",
  SPLIT_INVALID: "Shares of a split are not between 0 and 1, or add up to more than 1: choose smaller ones",
  VALUE_NOT_FINITE: "An array holds NaN or an infinity: mend the data, or allow it where the model can take it",
  LABEL_OUT_OF_RANGE:
    "A label is none of the classes 0 to count - 1, or an index has no row in its table: mend the data, or raise the number that the message names",
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

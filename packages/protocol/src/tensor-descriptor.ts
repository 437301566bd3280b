import * as v from "valibot";
import { TENSOR_BYTES_MAX } from "./limits.ts";
import { codecName, naturalNumber, uint32 } from "./schema-parts.ts";

/** A tensor that follows in chunks: what the receiver checks before it allocates anything, and when the last byte is in. */
export interface TensorDescriptor {
  /**
   * Names the chunks that belong to this tensor. At least 1, and greater than every earlier id of this direction of the
   * connection; the coordinator numbers its broadcasts once for all workers, so that one encoded frame serves them all.
   */
  readonly transfer: number;
  /** Bytes of the coded tensor: what all its chunks have together. */
  readonly byteLength: number;
  /** Elements of the tensor once decoded (float32). */
  readonly elements: number;
  /** Name of the {@link GradientCodec} the bytes are in. */
  readonly codec: string;
  /** CRC-32 (zlib's polynomial) of the coded bytes, 0 ... 2^32 - 1. */
  readonly crc32: number;
}

/** Checks a descriptor; whether its sizes are the run's is for {@link Reassembly}. */
export const tensorDescriptorSchema = v.strictObject({
  transfer: v.pipe(uint32, v.minValue(1)),
  byteLength: v.pipe(naturalNumber, v.maxValue(TENSOR_BYTES_MAX)),
  elements: v.pipe(naturalNumber, v.maxValue(TENSOR_BYTES_MAX)),
  codec: codecName,
  crc32: uint32,
}) satisfies v.GenericSchema<unknown, TensorDescriptor>;

/** How a float32 vector becomes bytes on the wire, and back. Stateless: every call stands alone. */
export interface GradientCodec {
  /** Name in `hello`, `welcome` and descriptors. */
  readonly name: string;
  /** Bytes of a coded vector of so many elements. */
  encodedByteLength(elements: number): number;
  /**
   * Writes the coded `source` into `into`, which has exactly encodedByteLength(source.length) bytes. Borrows both.
   * @throws ProtocolError CODEC_LENGTH
   */
  encode(source: Float32Array, into: Uint8Array): void;
  /**
   * Writes the elements that `bytes` code into `into`; borrows both. Values that are not finite stay so.
   * @throws ProtocolError CODEC_LENGTH when `bytes` has not exactly encodedByteLength(into.length) bytes
   */
  decode(bytes: Uint8Array, into: Float32Array): void;
}

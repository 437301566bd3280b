import { codecNamed, float32Codec } from "@tributary/protocol";

/** The elements that `bytes` code; a view of them where they are float32 already. @throws ProtocolError CODEC_* */
export function decodedElements(codec: string, bytes: Uint8Array, length: number): Float32Array {
  const isPlain = codec === float32Codec.name && bytes.byteLength === 4 * length && bytes.byteOffset % 4 === 0;
  if (isPlain) return new Float32Array(bytes.buffer, bytes.byteOffset, length);
  const values = new Float32Array(length);
  codecNamed(codec).decode(bytes, values);
  return values;
}

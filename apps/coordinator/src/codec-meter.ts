import type { CodecTraffic } from "@tributary/protocol";

const FLOAT32_BYTES = 4;

/** Counts the bytes of tensors by their codec: gradients in, parameters out. */
export class CodecMeter {
  readonly #byCodec = new Map<string, CodecTraffic>();

  /** A gradient came. @param elements it holds */
  received(codec: string, bytes: number, elements: number): void {
    const { bytesIn, bytesOut, uncodedBytesIn } = this.#of(codec);
    const uncoded = uncodedBytesIn + FLOAT32_BYTES * elements;
    this.#byCodec.set(codec, { codec, bytesIn: bytesIn + bytes, bytesOut, uncodedBytesIn: uncoded });
  }

  /** Parameters went, to all who got them. */
  sent(codec: string, bytes: number): void {
    const before = this.#of(codec);
    this.#byCodec.set(codec, { ...before, bytesOut: before.bytesOut + bytes });
  }

  /** In the order of their first use. */
  get traffic(): readonly CodecTraffic[] {
    return [...this.#byCodec.values()];
  }

  #of(codec: string): CodecTraffic {
    return this.#byCodec.get(codec) ?? { codec, bytesIn: 0, bytesOut: 0, uncodedBytesIn: 0 };
  }
}

import { elementCount, type Shape } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import { DIMENSION_MAX, showShape } from "./inference/checks.ts";

/** Floats of the largest segment: 128 MiB, what WebGPU guarantees for one storage binding (maxStorageBufferBindingSize). */
export const SEGMENT_FLOATS_MAX = (128 * 1024 * 1024) / 4;

/** Every tensor begins at a multiple of as many floats, so that 128-bit loads are aligned. */
export const LAYOUT_ALIGNMENT = 4;

/** Every segment begins at a multiple of as many floats: 256 bytes, WebGPU's minStorageBufferOffsetAlignment. */
export const SEGMENT_ALIGNMENT = 64;

/** Floats of the largest flat vector, so that an int32 reaches every element. */
export const LAYOUT_FLOATS_MAX = DIMENSION_MAX;

/** A part of a flat vector that one binding can hold. */
export interface Segment {
  /** First float, a multiple of 64. */
  readonly offset: number;
  /** Number of floats, at most {@link SEGMENT_FLOATS_MAX}. */
  readonly length: number;
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The most whole rows of a tensor that a segment holds so that the next segment is aligned; 0 when there is none. */
function rowsPerSegment(rowLength: number): number {
  const step = SEGMENT_ALIGNMENT / greatestCommonDivisor(rowLength, SEGMENT_ALIGNMENT);
  return Math.floor(SEGMENT_FLOATS_MAX / rowLength / step) * step;
}

/** Places tensors one after the other in a flat vector so that none straddles a segment. */
export class SegmentedPlacement {
  readonly #starts: number[] = [];
  #end = 0;

  /** Floats used so far, a multiple of 4. */
  get length(): number {
    return this.#end;
  }

  /**
   * The tensor's first float. A tensor that does not fit into the rest of its segment begins the next one; one that is
   * larger than a segment is cut between rows (indices of its first axis).
   * @throws ProgramError LAYOUT_ROW_TOO_LARGE, LAYOUT_INVALID when the vector becomes longer than {@link LAYOUT_FLOATS_MAX}
   */
  place(tensor: { readonly name: string; readonly shape: Shape }): number {
    const length = elementCount(tensor.shape);
    const start = this.#starts.at(-1);
    const fits = start !== undefined && this.#end + length <= start + SEGMENT_FLOATS_MAX;
    const offset = fits ? this.#end : alignUp(this.#end, SEGMENT_ALIGNMENT);
    if (offset + length > LAYOUT_FLOATS_MAX - LAYOUT_ALIGNMENT) {
      throw new ProgramError(
        "LAYOUT_INVALID",
        `${tensor.name} of shape ${showShape(tensor.shape)} would end at float ${offset + length}, beyond ${LAYOUT_FLOATS_MAX}: use fewer parameters`,
      );
    }
    if (!fits) this.#startSegments(tensor, offset, length);
    this.#end = alignUp(offset + length, LAYOUT_ALIGNMENT);
    return offset;
  }

  #startSegments(tensor: { readonly name: string; readonly shape: Shape }, offset: number, length: number): void {
    if (length <= SEGMENT_FLOATS_MAX) {
      this.#starts.push(offset);
      return;
    }
    const rowLength = length / (tensor.shape[0] ?? 1);
    const part = rowsPerSegment(rowLength) * rowLength;
    if (part === 0) {
      throw new ProgramError(
        "LAYOUT_ROW_TOO_LARGE",
        `${tensor.name} of shape ${showShape(tensor.shape)} has rows of ${rowLength} floats, of which no aligned number fits into a segment of ${SEGMENT_FLOATS_MAX}: split the tensor`,
      );
    }
    for (let done = 0; done < length; done += part) this.#starts.push(offset + done);
  }

  /** The segments so far; together they cover the vector. */
  segments(): Segment[] {
    return this.#starts.map((offset, place) => ({ offset, length: (this.#starts[place + 1] ?? this.#end) - offset }));
  }
}

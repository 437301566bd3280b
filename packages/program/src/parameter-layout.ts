import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { elementCount, type Shape } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import { LAYOUT_ALIGNMENT, type Segment, SegmentedPlacement } from "./segments.ts";

/** A parameter as a model declares it. */
export interface ParameterDescription {
  readonly name: string;
  readonly shape: Shape;
  /** Whether the optimizer changes it; frozen parameters come last. */
  readonly trainable: boolean;
}

/** A buffer as a model declares it: saved with the parameters, but not trained. */
export interface BufferDescription {
  readonly name: string;
  readonly shape: Shape;
}

/** What {@link createLayout} takes. */
export interface LayoutDescription {
  readonly parameters: readonly ParameterDescription[];
  readonly buffers: readonly BufferDescription[];
}

/** Where one tensor lies in its flat vector. */
export interface LayoutEntry extends ParameterDescription {
  /** First float, a multiple of 4. */
  readonly offset: number;
  /** Number of floats, without padding. */
  readonly length: number;
}

/** A contiguous part of a flat vector, in floats. */
export interface LayoutRange {
  readonly offset: number;
  readonly length: number;
}

/** What {@link ParameterLayout.toJSON} gives and {@link parseLayout} takes. */
export interface LayoutJson extends LayoutDescription {
  readonly hash: string;
}

/**
 * Where the parameters and buffers of a model lie in two flat float32 vectors: trainable parameters first, otherwise in
 * the order given, each at a multiple of 4 floats. Padding between tensors is zero and stays so.
 * Made by {@link createLayout}.
 */
export class ParameterLayout {
  /** Trainable ones first. */
  readonly parameters: readonly LayoutEntry[];
  readonly buffers: readonly LayoutEntry[];
  /** Floats of the vector of parameters, a multiple of 4. */
  readonly parameterLength: number;
  /** Floats of its trainable prefix, a multiple of 4: as long as the gradient and each vector of optimizer state. */
  readonly trainableLength: number;
  /** Floats of the vector of buffers, a multiple of 4. */
  readonly bufferLength: number;
  /** Parts of the vector of parameters, none above 128 MiB, that together cover it; a tensor lies in one, or is cut between rows. */
  readonly segments: readonly Segment[];
  /** The same for the vector of buffers. */
  readonly bufferSegments: readonly Segment[];
  /** SHA-256, in hex, of names, shapes and which are trainable. */
  readonly hash: string;

  /** Use {@link createLayout}, which checks names and shapes. */
  constructor(
    trainable: readonly ParameterDescription[],
    frozen: readonly ParameterDescription[],
    buffers: readonly BufferDescription[],
  ) {
    const placement = new SegmentedPlacement();
    const place = (to: SegmentedPlacement, described: ParameterDescription): LayoutEntry => {
      const length = elementCount(described.shape);
      const { name, trainable } = described;
      return { name, shape: [...described.shape], offset: to.place(described), length, trainable };
    };
    const first = trainable.map((parameter) => place(placement, parameter));
    this.trainableLength = placement.length;
    this.parameters = [...first, ...frozen.map((parameter) => place(placement, parameter))];
    this.parameterLength = placement.length;
    this.segments = placement.segments();
    const bufferPlacement = new SegmentedPlacement();
    this.buffers = buffers.map((buffer) => place(bufferPlacement, { ...buffer, trainable: false }));
    this.bufferLength = bufferPlacement.length;
    this.bufferSegments = bufferPlacement.segments();
    this.hash = bytesToHex(sha256(utf8ToBytes(canonicalText(this))));
  }

  /**
   * Cuts the vector of parameters into `count` contiguous ranges whose lengths are multiples of 4 and differ by at most 4.
   * With more ranges than groups of 4 floats, some are empty.
   * @throws ProgramError LAYOUT_INVALID when count is not an integer of at least 1
   */
  ranges(count: number): LayoutRange[] {
    if (!Number.isInteger(count) || count < 1) {
      throw new ProgramError(
        "LAYOUT_INVALID",
        `A layout cannot be cut into ${count} ranges: use an integer of at least 1`,
      );
    }
    const groups = this.parameterLength / LAYOUT_ALIGNMENT;
    const cut = (place: number): number => Math.floor((groups * place) / count) * LAYOUT_ALIGNMENT;
    return Array.from({ length: count }, (_, place) => ({ offset: cut(place), length: cut(place + 1) - cut(place) }));
  }

  /** Names, shapes, which are trainable, and the hash; offsets follow from these. */
  toJSON(): LayoutJson {
    return {
      parameters: this.parameters.map(({ name, shape, trainable }) => ({ name, shape, trainable })),
      buffers: this.buffers.map(({ name, shape }) => ({ name, shape })),
      hash: this.hash,
    };
  }
}

/** What is hashed: a text that two layouts share exactly when they have the same tensors at the same places. */
function canonicalText(layout: Pick<ParameterLayout, "parameters" | "buffers">): string {
  return JSON.stringify([
    "tributary-layout-1",
    layout.parameters.map(({ name, shape, trainable }) => [name, shape, trainable]),
    layout.buffers.map(({ name, shape }) => [name, shape]),
  ]);
}

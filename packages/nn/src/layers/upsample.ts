import type { Pair, Tensor } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { Module } from "../module.ts";
import { pairOf } from "./average-windows.ts";
import { resampled, type Source } from "./resampling.ts";
import { requireForm } from "./sample-shape.ts";

/** Options of {@link Upsample}: a size or a factor, and */
export interface UpsampleOptions {
  /** Height and width of the output. */
  readonly size?: Pair;
  /** The output has the input's size times this, rounded down. */
  readonly scaleFactor?: Pair;
  /** nearest takes the element at floor(place / factor), bilinear mixes four neighbours. Default nearest. */
  readonly mode?: "nearest" | "bilinear";
  /** Whether the corners of both images have one centre (bilinear). Default false: their outer edges lie on each other. */
  readonly alignCorners?: boolean;
}

/** How one axis grows. */
interface Growth {
  readonly size: number;
  readonly out: number;
  /** Old places for one new place. */
  readonly step: number;
}

function nearestSources({ size, out, step }: Growth): Source[] {
  return Array.from({ length: out }, (_, index) => ({
    start: Math.min(Math.floor(index * step), size - 1),
    weights: [1],
  }));
}

function linearSources({ size, out, step }: Growth, alignCorners: boolean): Source[] {
  const cornerStep = out > 1 ? (size - 1) / (out - 1) : 0;
  return Array.from({ length: out }, (_, index) => {
    const place = alignCorners ? index * cornerStep : Math.max((index + 0.5) * step - 0.5, 0);
    const start = Math.min(Math.floor(place), size - 1);
    const fraction = place - start;
    return { start, weights: start === size - 1 ? [1] : [1 - fraction, fraction] };
  });
}

/** Whether each element becomes a block of equal ones. */
function isRepeat({ size, out, step }: Growth): boolean {
  return out % size === 0 && step === size / out;
}

/** Images made larger (or smaller). x [M, C, H, W] -> [M, C, OH, OW]. PyTorch's Upsample, and interpolate with its defaults. */
export class Upsample extends Module {
  readonly options: UpsampleOptions;

  /** @throws NnError INVALID_OPTION */
  constructor(options: UpsampleOptions) {
    super();
    const { size, scaleFactor, mode = "nearest", alignCorners = false } = options;
    const one = (size === undefined) !== (scaleFactor === undefined);
    requireOption(one, "Upsample", "size and scaleFactor", JSON.stringify({ size, scaleFactor }), "one of both");
    const positive = pairOf(size ?? scaleFactor ?? 0).every((each) => each > 0 && Number.isFinite(each));
    requireOption(positive, "Upsample", "size or scaleFactor", JSON.stringify(size ?? scaleFactor), "above 0");
    requireOption(
      mode === "bilinear" || !alignCorners,
      "Upsample",
      "alignCorners",
      alignCorners,
      "false but for bilinear",
    );
    this.options = options;
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("Upsample", x, ["samples", "channels", "height", "width"]);
    const { mode = "nearest", alignCorners = false } = this.options;
    const [rows, columns] = [this.#growth(0, x.size(2)), this.#growth(1, x.size(3))];
    if (mode === "bilinear") {
      return resampled(x, linearSources(rows, alignCorners), linearSources(columns, alignCorners));
    }
    if (!isRepeat(rows) || !isRepeat(columns)) return resampled(x, nearestSources(rows), nearestSources(columns));
    const [samples = 0, channels = 0] = x.shape;
    const blocks = [samples, channels, rows.size, rows.out / rows.size, columns.size, columns.out / columns.size];
    const spread = x.reshape([samples, channels, rows.size, 1, columns.size, 1]).expand(blocks);
    return spread.reshape([samples, channels, rows.out, columns.out]);
  }

  #growth(axis: 0 | 1, size: number): Growth {
    const { size: target, scaleFactor = 1 } = this.options;
    if (target !== undefined) {
      const out = pairOf(target)[axis];
      return { size, out, step: size / out };
    }
    const factor = pairOf(scaleFactor)[axis];
    return { size, out: Math.floor(size * factor), step: 1 / factor };
  }
}

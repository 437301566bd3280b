import { BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm } from "@tributary/nn";
import { layer, type Row } from "../row.ts";

/** Rows of the family "normalisations". */
export const NORMALISATIONS: Readonly<Record<string, Row>> = {
  "batch norm1d": layer(() => new BatchNorm1d(5)),
  "batch norm1d over time": layer(() => new BatchNorm1d(3)),
  "batch norm1d in evaluation": layer(() => new BatchNorm1d(5)),
  "batch norm2d": layer(() => new BatchNorm2d(3)),
  "batch norm2d in evaluation": layer(() => new BatchNorm2d(3)),
  "batch norm2d with eps and momentum": layer(() => new BatchNorm2d(3, { eps: 1e-3, momentum: 0.3 })),
  "batch norm2d without affine": layer(() => new BatchNorm2d(3, { affine: false })),
  "layer norm": layer(() => new LayerNorm(7)),
  "layer norm of two dimensions": layer(() => new LayerNorm([3, 5])),
  "layer norm without affine": layer(() => new LayerNorm(7, { eps: 1e-3, affine: false })),
  "group norm": layer(() => new GroupNorm(3, 6)),
  "group norm of vectors": layer(() => new GroupNorm(2, 6)),
  "rms norm": layer(() => new RMSNorm(7, { eps: 1e-6 })),
  "rms norm with the default eps": layer(() => new RMSNorm(5)),
};

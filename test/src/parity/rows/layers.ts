import {
  AdaptiveAvgPool2d,
  AvgPool1d,
  AvgPool2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  DepthwiseConv2d,
  Dropout,
  Flatten,
  GlobalAvgPool2d,
  GlobalMaxPool2d,
  Linear,
  MaxPool1d,
  MaxPool2d,
  ReLU,
  Reshape,
  Residual,
  SeparableConv2d,
  Sequential,
  Tanh,
  Upsample,
} from "@tributary/nn";
import { layer, type Row } from "../row.ts";

const linear: Readonly<Record<string, Row>> = {
  linear: layer(() => new Linear(7, 5)),
  "linear without bias": layer(() => new Linear(7, 5, { bias: false })),
  "linear over leading dimensions": layer(() => new Linear(3, 5)),
  sequential: layer(() => new Sequential(new Linear(5, 7), new ReLU(), new Linear(7, 3))),
  residual: layer(() => new Residual(new Sequential(new Linear(5, 7), new Tanh(), new Linear(7, 5)))),
};

const convolutions: Readonly<Record<string, Row>> = {
  conv1d: layer(() => new Conv1d(3, 4, 3)),
  "conv1d with stride and padding": layer(() => new Conv1d(3, 5, 4, { stride: 3, padding: 2 })),
  "conv1d same with dilation": layer(() => new Conv1d(3, 2, 4, { padding: "same", dilation: 2 })),
  "conv1d with groups": layer(() => new Conv1d(4, 6, 3, { groups: 2, bias: false })),
  conv2d: layer(() => new Conv2d(3, 4, [3, 2])),
  "conv2d with stride and padding": layer(() => new Conv2d(2, 3, 3, { stride: 2, padding: [1, 2] })),
  "conv2d same": layer(() => new Conv2d(2, 3, [4, 3], { padding: "same" })),
  "conv2d with dilation and groups": layer(
    () => new Conv2d(4, 6, 3, { stride: [1, 2], padding: 2, dilation: [2, 1], groups: 2 }),
  ),
  "conv2d 1 x 1": layer(() => new Conv2d(5, 3, 1, { bias: false })),
  "depthwise conv2d": layer(() => new DepthwiseConv2d(3, 3, { padding: 1, depthMultiplier: 2 })),
  "separable conv2d": layer(() => new SeparableConv2d(3, 5, 3, { stride: 2, padding: 1, depthMultiplier: 2 })),
  "conv transpose2d": layer(() => new ConvTranspose2d(3, 4, 3)),
  "conv transpose2d with stride and padding": layer(
    () => new ConvTranspose2d(3, 2, [3, 4], { stride: 2, padding: 1, outputPadding: 1 }),
  ),
  "conv transpose2d with dilation and groups": layer(
    () => new ConvTranspose2d(4, 6, 2, { dilation: 2, groups: 2, bias: false }),
  ),
};

const pools: Readonly<Record<string, Row>> = {
  "max pool2d": layer(() => new MaxPool2d(2)),
  "max pool2d with stride and padding": layer(() => new MaxPool2d(3, { stride: 2, padding: 1 })),
  "max pool2d with ties": layer(() => new MaxPool2d([3, 2], { stride: 1 })),
  "max pool2d with dilation in ceil mode": layer(
    () => new MaxPool2d([2, 3], { stride: 2, dilation: [2, 1], ceilMode: true }),
  ),
  "max pool1d": layer(() => new MaxPool1d(3, { stride: 2 })),
  "avg pool1d": layer(() => new AvgPool1d(3, { stride: 2 })),
  "avg pool2d in ceil mode": layer(() => new AvgPool2d(2, { padding: 1, ceilMode: true })),
  "avg pool2d": layer(() => new AvgPool2d(2)),
  "avg pool2d with stride and padding": layer(() => new AvgPool2d(3, { stride: 2, padding: 1 })),
  "avg pool2d without padding in the count": layer(
    () => new AvgPool2d([3, 2], { stride: [2, 1], padding: 1, countIncludePad: false }),
  ),
  "adaptive avg pool2d to 1": layer(() => new AdaptiveAvgPool2d(1)),
  "adaptive avg pool2d to a size that does not divide": layer(() => new AdaptiveAvgPool2d([3, 2])),
  "global avg pool": layer(() => new GlobalAvgPool2d()),
  "global max pool": layer(() => new GlobalMaxPool2d()),
};

const movements: Readonly<Record<string, Row>> = {
  "dropout in evaluation": layer(() => new Dropout(0.5)),
  flatten: layer(() => new Flatten()),
  reshape: layer(() => new Reshape([5, 6])),
  "upsample nearest": layer(() => new Upsample({ scaleFactor: 2 })),
  "upsample nearest to a size": layer(() => new Upsample({ size: [5, 4] })),
  "upsample bilinear with aligned corners": layer(
    () => new Upsample({ size: [5, 7], mode: "bilinear", alignCorners: true }),
  ),
  "upsample bilinear": layer(() => new Upsample({ scaleFactor: 3, mode: "bilinear" })),
};

/** Rows of the family "layers". */
export const LAYERS: Readonly<Record<string, Row>> = { ...linear, ...convolutions, ...pools, ...movements };

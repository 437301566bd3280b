import type { ContractKernel, View } from "../../ir.ts";
import type { StagedAxis } from "./image.ts";

/**
 * A convolution as a sliding window over staged images. The gradient for the input is one too: the window slides, one step at a time, over
 * dy with zeros put between its elements, and the kernel is turned around and its channels exchanged.
 */
export interface SlidingConvolution {
  readonly images: number;
  readonly groups: number;
  /** Output channels of a group. */
  readonly rows: number;
  /** Channels that a group reads. */
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Height and width of the output. */
  readonly output: readonly [number, number];
  readonly source: View;
  readonly vertical: StagedAxis;
  readonly horizontal: StagedAxis;
  /** The kernel as [group, row, channel, kernel row, kernel column]; offset and strides in floats. */
  readonly weights: { readonly storage: number; readonly offset: number; readonly strides: readonly number[] };
}

/** Size of the staged axis that holds every element the window meets. */
export function reach(output: number, stride: number, kernel: number, dilation: number): number {
  return (output - 1) * stride + (kernel - 1) * dilation + 1;
}

/** The axes of the images that a convolution's forward pass slides over. */
export function stagedAxes(
  input: readonly [number, number],
  output: readonly [number, number],
  kernel: readonly [number, number],
  attributes: Geometry2d,
): readonly [StagedAxis, StagedAxis] {
  const axis = (index: 0 | 1): StagedAxis => ({
    source: input[index],
    staged: reach(output[index], attributes.strides[index], kernel[index], attributes.dilation[index]),
    low: attributes.padding[index][0],
    interior: 1,
  });
  return [axis(0), axis(1)];
}

type Geometry2d = {
  readonly strides: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
};

/** convolution or convolutionInputGradient, brought to the same form. */
export function slidingConvolution(kernel: ContractKernel): SlidingConvolution {
  const { contraction, a, b } = kernel;
  if (contraction.operation === "convolution") return forward(kernel, contraction.attributes);
  if (contraction.operation !== "convolutionInputGradient") {
    throw new Error(`A sliding convolution is not made of ${contraction.operation}`);
  }
  const { strides, padding, dilation, groups, inputSize } = contraction.attributes;
  const [outputs, channels, height, width] = b.shape;
  const [so, sc, sy, sx] = b.strides;
  const size = [height, width] as const;
  const axis = (index: 0 | 1): StagedAxis => ({
    source: a.shape[2 + index],
    staged: reach(inputSize[index], 1, size[index], dilation[index]),
    low: dilation[index] * (size[index] - 1) - padding[index][0],
    interior: strides[index],
  });
  return {
    images: a.shape[0],
    groups,
    rows: channels,
    channels: outputs / groups,
    kernel: size,
    strides: [1, 1],
    dilation,
    output: inputSize,
    source: a,
    vertical: axis(0),
    horizontal: axis(1),
    weights: {
      storage: b.storage,
      offset: b.offset + (height - 1) * sy + (width - 1) * sx,
      strides: [(outputs / groups) * so, sc, so, -sy, -sx],
    },
  };
}

function forward(kernel: ContractKernel, attributes: Geometry2d & { readonly groups: number }): SlidingConvolution {
  const { a, b } = kernel;
  const [outputs, channels, height, width] = b.shape;
  const [so, sc, sy, sx] = b.strides;
  const output = [kernel.epilogue.shape[2], kernel.epilogue.shape[3]] as const;
  const [vertical, horizontal] = stagedAxes([a.shape[2], a.shape[3]], output, [height, width], attributes);
  const rows = outputs / attributes.groups;
  return {
    images: a.shape[0],
    groups: attributes.groups,
    rows,
    channels,
    kernel: [height, width],
    strides: attributes.strides,
    dilation: attributes.dilation,
    output,
    source: a,
    vertical,
    horizontal,
    weights: { storage: b.storage, offset: b.offset, strides: [rows * so, so, sc, sy, sx] },
  };
}

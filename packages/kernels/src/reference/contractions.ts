import type { ConvolutionAttributes, PrimitiveAttributes } from "@tributary/program";
import { elementCount } from "@tributary/program";
import { denseStrides, type Kernel, positionOf, type Value } from "./value.ts";

/** Products of rows and columns, summed in float64. */
export const matmul: Kernel<PrimitiveAttributes["matmul"]> = ({ transposeA, transposeB }, [a, b], [output]) => {
  const [rows, columns] = output.shape.slice(-2);
  const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  const batches = elementCount(output.shape.slice(0, -2));
  for (let batch = 0; batch < batches; batch += 1) {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        let total = 0;
        for (let k = 0; k < inner; k += 1) {
          const fromA = batch * rows * inner + (transposeA ? k * rows + row : row * inner + k);
          const fromB = batch * inner * columns + (transposeB ? column * inner + k : k * columns + column);
          total += a.data[fromA] * b.data[fromB];
        }
        output.data[(batch * rows + row) * columns + column] = total;
      }
    }
  }
};

/** The part of a value that this file needs: where its elements are. */
type Extent = Pick<Value, "shape">;

/**
 * Calls `visit` with the positions in x, kernel and y of every product of a convolution. All three of its operations
 * are sums over the same products: into y, into x and into the kernel.
 */
function forEachProduct(
  attributes: ConvolutionAttributes,
  x: Extent,
  kernel: Extent,
  y: Extent,
  visit: (x: number, kernel: number, y: number) => void,
): void {
  const { strides, padding, dilation, groups } = attributes;
  const [, , height, width] = x.shape;
  const [, channelsPerGroup, kernelHeight, kernelWidth] = kernel.shape;
  const [samples, outputChannels, outputHeight, outputWidth] = y.shape;
  const [xStrides, kernelStrides, yStrides] = [x, kernel, y].map((value) => denseStrides(value.shape));
  const overTaps = (n: number, o: number, oh: number, ow: number): void => {
    const firstChannel = Math.floor(o / (outputChannels / groups)) * channelsPerGroup;
    for (let c = 0; c < channelsPerGroup; c += 1) {
      for (let kh = 0; kh < kernelHeight; kh += 1) {
        const h = oh * strides[0] - padding[0][0] + kh * dilation[0];
        if (h < 0 || h >= height) continue;
        for (let kw = 0; kw < kernelWidth; kw += 1) {
          const w = ow * strides[1] - padding[1][0] + kw * dilation[1];
          if (w < 0 || w >= width) continue;
          visit(
            positionOf([n, firstChannel + c, h, w], xStrides),
            positionOf([o, c, kh, kw], kernelStrides),
            positionOf([n, o, oh, ow], yStrides),
          );
        }
      }
    }
  };
  for (let n = 0; n < samples; n += 1) {
    for (let o = 0; o < outputChannels; o += 1) {
      for (let oh = 0; oh < outputHeight; oh += 1) {
        for (let ow = 0; ow < outputWidth; ow += 1) overTaps(n, o, oh, ow);
      }
    }
  }
}

/** Every product is summed into the element of y that it belongs to. */
export const convolution: Kernel<PrimitiveAttributes["convolution"]> = (attributes, [x, kernel], [y]) => {
  const totals = new Float64Array(y.data.length);
  forEachProduct(attributes, x, kernel, y, (atX, atKernel, atY) => {
    totals[atY] += x.data[atX] * kernel.data[atKernel];
  });
  y.data.set(totals);
};

/** The products of convolution, summed into x. */
export const convolutionInputGradient: Kernel<PrimitiveAttributes["convolutionInputGradient"]> = (
  attributes,
  [dy, kernel],
  [dx],
) => {
  const totals = new Float64Array(dx.data.length);
  forEachProduct(attributes, dx, kernel, dy, (atX, atKernel, atY) => {
    totals[atX] += dy.data[atY] * kernel.data[atKernel];
  });
  dx.data.set(totals);
};

/** The products of convolution, summed into the kernel. */
export const convolutionWeightGradient: Kernel<PrimitiveAttributes["convolutionWeightGradient"]> = (
  attributes,
  [x, dy],
  [dkernel],
) => {
  const totals = new Float64Array(dkernel.data.length);
  forEachProduct(attributes, x, dkernel, dy, (atX, atKernel, atY) => {
    totals[atKernel] += x.data[atX] * dy.data[atY];
  });
  dkernel.data.set(totals);
};

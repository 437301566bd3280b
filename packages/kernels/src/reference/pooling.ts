import type { PrimitiveAttributes } from "@tributary/program";
import { isLarger } from "./reductions.ts";
import { forEachIndex, type Kernel } from "./value.ts";

/** The first largest element of each window and its place; padding is passed over. */
export const maxPool: Kernel<PrimitiveAttributes["maxPool"]> = (attributes, [x], [largest, places]) => {
  const { window, strides, padding, dilation } = attributes;
  const [, channels, height, width] = x.shape;
  forEachIndex(largest.shape, ([n, c, oh, ow], position) => {
    const plane = (n * channels + c) * height * width;
    // A valid program has no window of padding alone, so that some element is always found.
    let place = -1;
    for (let kh = 0; kh < window[0]; kh += 1) {
      for (let kw = 0; kw < window[1]; kw += 1) {
        const h = oh * strides[0] - padding[0][0] + kh * dilation[0];
        const w = ow * strides[1] - padding[1][0] + kw * dilation[1];
        if (h < 0 || h >= height || w < 0 || w >= width) continue;
        if (place < 0 || isLarger(x.data[plane + h * width + w], x.data[plane + place])) place = h * width + w;
      }
    }
    largest.data[position] = x.data[plane + place];
    places.data[position] = place;
  });
};

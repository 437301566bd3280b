import { ones, type Pair, type Tensor, tensor } from "@tributary/autograd";
import { NnError } from "../errors.ts";

/** How windows of an average go along one axis. */
export interface AverageWindow {
  readonly taps: number;
  readonly stride: number;
  /** Zeros on each side, at most half of the window. */
  readonly padding: number;
  readonly ceilMode: boolean;
  /** Whether those zeros count in the divisor. */
  readonly countIncludePad: boolean;
}

/** Windows along one axis of a known size. */
interface Placed extends AverageWindow {
  readonly size: number;
  readonly places: number;
  /** What each window's sum is divided by; together with the other axis'. */
  readonly divisors: readonly number[];
}

/** A number or a pair as a pair. */
export function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}

/** Source of sizes and divisors: PyTorch's pooling_output_shape and avg_pool2d. */
function place(window: AverageWindow, size: number): Placed {
  const { taps, stride, padding, ceilMode, countIncludePad } = window;
  const room = (size + 2 * padding - taps) / stride;
  const begun = (ceilMode ? Math.ceil(room) : Math.floor(room)) + 1;
  // A window that begins behind the padded image does not count.
  const places = ceilMode && (begun - 1) * stride >= size + padding ? begun - 1 : begun;
  if (room < 0 || padding * 2 > taps) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `AvgPool: a window of ${taps} does not go over ${size} with padding ${padding}: use a smaller window, and padding of at most half of it`,
    );
  }
  const divisors = Array.from({ length: places }, (_, index) => {
    const start = index * stride - padding;
    const end = Math.min(start + taps, size + padding);
    return countIncludePad ? end - start : Math.min(end, size) - Math.max(start, 0);
  });
  return { ...window, size, places, divisors };
}

/** Sums of windows that lie side by side: a reduction of a reshaped x. */
function sumSideBySide(x: Tensor, rows: Placed, columns: Placed): Tensor {
  const [samples = 0, channels = 0] = x.shape;
  const whole = x.narrow(2, 0, rows.places * rows.taps).narrow(3, 0, columns.places * columns.taps);
  return whole.reshape([samples, channels, rows.places, rows.taps, columns.places, columns.taps]).sum([3, 5]);
}

/** Sums of windows that overlap or reach into padding: a convolution of each channel with ones. */
function sumOverlapping(x: Tensor, rows: Placed, columns: Placed): Tensor {
  const [samples = 0, channels = 0, height = 0, width = 0] = x.shape;
  const after = ({ places, stride, taps, size, padding }: Placed) =>
    Math.max(0, (places - 1) * stride + taps - size - padding);
  const pads = [columns.padding, after(columns), rows.padding, after(rows)];
  const planes = x.reshape([samples * channels, 1, height, width]);
  const padded = pads.every((pad) => pad === 0) ? planes : planes.pad(pads);
  const stride = [rows.stride, columns.stride] as const;
  const sums = padded.conv2d(ones([1, 1, rows.taps, columns.taps]), { stride });
  return sums.reshape([samples, channels, rows.places, columns.places]);
}

/** Mean of each window of x [M, C, H, W] -> [M, C, OH, OW]. @throws NnError SHAPE_MISMATCH */
export function averageWindows(x: Tensor, height: AverageWindow, width: AverageWindow): Tensor {
  const [rows, columns] = [place(height, x.size(2)), place(width, x.size(3))];
  const sideBySide = [rows, columns].every(
    ({ taps, stride, padding, places, size }) => taps === stride && padding === 0 && places * taps <= size,
  );
  const sums = sideBySide ? sumSideBySide(x, rows, columns) : sumOverlapping(x, rows, columns);
  const [row, column] = [inverses(rows), inverses(columns)];
  return typeof row === "number" && typeof column === "number"
    ? sums.mul(row * column)
    : sums.mul(typeof row === "number" ? row : row.reshape([-1, 1])).mul(column);
}

/** One factor where all windows have one divisor, else one for each. */
function inverses({ divisors, places }: Placed): number | Tensor {
  const [first = 1] = divisors;
  if (divisors.every((divisor) => divisor === first)) return 1 / first;
  return tensor(
    divisors.map((divisor) => 1 / divisor),
    { shape: [places] },
  );
}

// A time series: an LSTM foretells the next value of a sine of 20 samples a period with normal noise of deviation 0.1, from the 40 values before it.
// Expected: a test loss of 0.012 after 10 epochs, in a second, where a forecast that nothing changes (testPersistence)
// has 0.070; 0.010 is the noise itself.
import { adamW, defineRun, LastStep, Linear, LSTM, mseLoss, Sequential, type Tensor, windows } from "tributary";
import { normals } from "./random-numbers.ts";

const PERIOD = 20;
const NOISE = 0.1;
const WINDOW = 40;

const normal = normals(1);
const series = Float32Array.from({ length: 2_500 }, (_, t) => Math.sin((2 * Math.PI * t) / PERIOD) + NOISE * normal());

/** Targets are the window moved by one, [M, 40, 1]: its last value is to be foretold, the one before it is the last one seen. */
const next = (targets: Tensor) => targets.select(1, WINDOW - 1);
const lastSeen = (targets: Tensor) => targets.select(1, WINDOW - 2);

export default defineRun({
  name: "sine",
  model: () => new Sequential(new LSTM(1, 16, { batchFirst: true }), new LastStep(), new Linear(16, 1)),
  loss: (outputs, targets) => mseLoss(outputs, next(targets)),
  // The error of a forecast that nothing changes, to compare with.
  metrics: { persistence: (_, targets) => next(targets).sub(lastSeen(targets)).square().mean(1) },
  optimizer: adamW({ learningRate: 0.01 }),
  data: windows({
    name: "sine",
    train: series.subarray(0, 2_000),
    test: series.subarray(2_000),
    length: WINDOW,
    stride: 1,
    rowShape: [1],
  }),
  batchSize: 32,
  epochs: 10,
});

import type {
  JudgedSample,
  LayerActivation,
  TestSample,
  WatchActivations,
  WatchMessage,
  WatchRequest,
} from "@tributary/protocol";
import { type FakeRun, noise } from "./fake-run.ts";

/** Bytes of one digit. */
const PIXELS = 28 * 28;

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

/** What the fake coordinator answers to a request. */
export function fakeAnswer(run: FakeRun, request: WatchRequest): WatchMessage {
  const number = { request: request.request };
  switch (request.type) {
    case "command":
      if (request.command.command === "pause") run.state = "paused";
      if (request.command.command === "resume") run.state = "running";
      if (request.command.command === "stop") run.state = "finished";
      if (request.command.command === "learningRateFactor") run.learningRateFactor = request.command.factor;
      return { type: "done", ...number };
    case "predict":
      return {
        type: "prediction",
        ...number,
        step: run.step,
        shape: [10],
        outputs: [],
        probabilities: probabilities(inkOf(request.inputs) % 10),
      };
    case "activations":
      return { ...activations(run, request.source), ...number };
    case "follow":
      return request.source === null ? { type: "done", ...number } : { ...activations(run, request.source), ...number };
    case "samples":
      return {
        type: "samples",
        ...number,
        step: run.step,
        label: request.label,
        predicted: request.predicted,
        samples: samplesOf(run, request.label, request.predicted),
        searched: 2_000,
      };
    case "sample":
      return { type: "sample", ...number, sample: sampleAt(run, request.index) };
    default:
      return request satisfies never;
  }
}

/** One set of activations; the numbers drift with the steps, as a network's do. */
export function activations(
  run: FakeRun,
  source: { readonly sample: number } | { readonly inputs: string },
): Omit<WatchActivations, "request"> {
  const index = "sample" in source ? source.sample : null;
  const picture =
    index === null
      ? new Uint8Array(Buffer.from("inputs" in source ? source.inputs : "", "base64"))
      : pixelsAt(run, index);
  const label =
    index === null ? inkOf(base64(picture)) % 10 : (run.digits.targets[index % run.digits.targets.length] ?? 0);
  return {
    type: "activations",
    step: run.step,
    sample: index,
    layers: run.run.layers.map((layer, place) =>
      layerOf(layer.path, layer.outputShape ?? [1], picture, place, run.step),
    ),
    probabilities: probabilities(label),
  };
}

function layerOf(
  path: string,
  shape: readonly number[],
  picture: Uint8Array,
  place: number,
  step: number,
): LayerActivation {
  const count = shape.reduce((product, size) => product * size, 1);
  const [, rows = 1, columns = 1] = shape;
  const values = Uint8Array.from({ length: count }, (_, at) => {
    if (shape.length < 3) return 255 * Math.max(0, noise(at * 3 + place * 101 + Math.floor(step / 50)) - 0.35);
    const map = Math.floor(at / (rows * columns));
    const y = Math.floor((Math.floor(at / columns) % rows) * (28 / rows));
    const x = Math.floor((at % columns) * (28 / columns));
    const here = picture[28 * y + x] ?? 0;
    const beside = picture[28 * Math.min(27, y + (map % 3)) + Math.min(27, x + (map % 4) + 1)] ?? 0;
    const mix = map % 2 === 0 ? here - 0.7 * beside : 0.6 * here + 0.3 * beside;
    return Math.max(0, Math.min(255, 70 + 0.7 * mix + 8 * noise(map + step)));
  });
  return { path, shape, minimum: -0.42, maximum: 3.1, values: base64(values) };
}

function probabilities(label: number): number[] {
  const raw = Array.from({ length: 10 }, (_, index) => (index === label ? 1 : 0.03 * noise(index * 7 + label)));
  const sum = raw.reduce((total, value) => total + value, 0);
  return raw.map((value) => value / sum);
}

function inkOf(inputs: string): number {
  return Buffer.from(inputs, "base64").reduce((sum, byte) => sum + byte, 0);
}

function pixelsAt(run: FakeRun, index: number): Uint8Array {
  const place = index % run.digits.targets.length;
  return run.digits.inputs.subarray(place * PIXELS, (place + 1) * PIXELS);
}

function sampleAt(run: FakeRun, index: number): TestSample {
  return {
    index,
    label: run.digits.targets[index % run.digits.targets.length] ?? null,
    inputs: base64(pixelsAt(run, index)),
  };
}

function samplesOf(run: FakeRun, label: number, predicted: number): readonly JudgedSample[] {
  const count = run.confusion()?.counts[label]?.[predicted] ?? 0;
  const indices = [...run.digits.targets.keys()]
    .filter((index) => run.digits.targets[index] === label)
    .slice(0, Math.min(12, count));
  return indices.map((index, rank) => ({ ...sampleAt(run, index), predicted, probability: 0.98 - 0.03 * rank }));
}

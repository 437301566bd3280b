import { type Backend, type Device, open } from "@tributary/kernels";
import { encodeContributionInto, FLOAT16_BLOCK_ELEMENTS, float16Codec } from "@tributary/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeviceScope } from "./device-scope.ts";
import { GradientPacker } from "./gradient-packer.ts";

const LAYOUT = { hash: "0".repeat(64), parameterLength: 0, statisticsLength: 2, bufferLength: 0 };

/** What the codec of the host makes of the gradient, in hex. */
function onHost(sums: Float32Array, trainableLength: number): string {
  const lengths = { trainableLength, statisticsLength: 2 };
  const bytes = new Uint8Array(float16Codec.encodedByteLength(trainableLength) + 8);
  encodeContributionInto(float16Codec, lengths, sums.subarray(0, trainableLength + 2), bytes);
  return Buffer.from(bytes).toString("hex");
}

async function onDevice(device: Device, sums: Float32Array, trainableLength: number) {
  const scope = new DeviceScope(device);
  const buffer = scope.allocate("float32", sums.length);
  await device.write(buffer, sums);
  const packer = await GradientPacker.create(scope, { layout: { ...LAYOUT, trainableLength } }, buffer);
  const into = new Uint8Array(float16Codec.encodedByteLength(trainableLength) + 8).fill(255);
  const { bytes, others } = await packer.pack(into);
  expect(bytes).toBe(into);
  scope.dispose();
  return { hex: Buffer.from(bytes).toString("hex"), others: [...others] };
}

/** Numbers without a pattern, of magnitudes from 2^-30 to 2^30. */
function wild(length: number): number[] {
  return Array.from({ length }, (_, index) => {
    const fraction = ((Math.imul(index + 1, 0x9e3779b1) >>> 0) / 2 ** 32) * 2 - 1;
    return fraction * 2 ** ((Math.imul(index, 40503) % 61) - 30);
  });
}

const LARGEST = 3.4028234663852886e38;

// vitest.config.ts says so when there is no GPU in software.
const BACKENDS: readonly Backend[] = [
  "reference",
  "wasm",
  ...(process.env["SWIFTSHADER_FOLDER"] ? ["webgpu" as const] : []),
];
/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 600_000;

describe.each(BACKENDS)("a gradient packed on the backend %s", { timeout: TIMEOUT_MS }, (backend) => {
  let device: Device;

  beforeAll(async () => {
    device = await open(backend, { allowSoftware: true });
  }, TIMEOUT_MS);

  afterAll(() => device.dispose());

  it.each([
    ["of one number", [3]],
    ["of both signs and zeros", [3, -1, 0, -0]],
    ["of zeros", [0, 0, 0]],
    ["at powers of two, where a logarithm may be off by one", [2 ** -20, 1 - 2 ** -24, 1 + 2 ** -23, 2 ** 20]],
    ["of tiny numbers", [2 ** -100, -(2 ** -110), 3 * 2 ** -105]],
    ["of numbers so small that the least scale there is, 2^-126, has to do", [2 ** -115, -(2 ** -120), 3 * 2 ** -119]],
    [
      "of the largest numbers there are, which would be rounded up to infinity",
      [LARGEST, -LARGEST, 2 ** 127, 1.9995 * 2 ** 127, 1],
    ],
    ["that is not all finite", [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -2]],
    [
      "of numbers between two float16 numbers: ties go to the even one",
      [1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -24, 3 * 2 ** -25],
    ],
    ["of magnitudes from 2^-30 to 2^30", wild(1_001)],
  ])("%s has the bytes that the host's codec makes", async (_, gradient) => {
    const sums = Float32Array.from([...gradient, 7, -8.5, 1.5, 2.5, 3.5]);
    const { hex, others } = await onDevice(device, sums, gradient.length);
    expect(hex).toBe(onHost(sums, gradient.length));
    expect(others).toEqual([1.5, 2.5, 3.5]);
  });

  it("has a scale for each block of the codec", async () => {
    const gradient = [...wild(FLOAT16_BLOCK_ELEMENTS), ...wild(100).map((value) => value * 2 ** 40)];
    const sums = Float32Array.from([...gradient, 1, 2, 3]);
    const { hex, others } = await onDevice(device, sums, gradient.length);
    expect(hex === onHost(sums, gradient.length)).toBe(true);
    expect(others).toEqual([3]);
  });
});

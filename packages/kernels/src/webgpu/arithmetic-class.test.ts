import { expect, it } from "vitest";
import { FakeGpu } from "./testing/fake-gpu.ts";
import { LEAST_FEATURES } from "./testing/least-features.ts";
import { WebGpuDevice } from "./webgpu-device.ts";

it.each([
  ["NVIDIA GeForce RTX 4090", 1, "webgpu-nvidia-geforce-rtx-4090"],
  ["NVIDIA GeForce RTX 4090", 32, "webgpu-nvidia-geforce-rtx-4090-s32"],
  // A message has room for 64 characters, and a worker adds up to 8: the name is cut, and never what sums depend on.
  ["x".repeat(100), 1, `webgpu-${"x".repeat(49)}`],
  ["x".repeat(100), 128, `webgpu-${"x".repeat(44)}-s128`],
])(
  "the arithmetic class of %s, with %i invocations that are surely in one subgroup, is %s",
  (adapterName, subgroupLanes, expected) => {
    // The device only holds it.
    const gpu = {} as GPU;
    const features = { ...LEAST_FEATURES, subgroupLanes };
    const { arithmeticClass } = new WebGpuDevice({ gpu, device: new FakeGpu().device, features, adapterName });
    expect(arithmeticClass).toBe(expected);
    expect(arithmeticClass.length).toBeLessThanOrEqual(56);
  },
);

import { describe, expect, it } from "vitest";
import type { Device, DeviceBuffer } from "../device.ts";
import { KernelError } from "../errors.ts";
import { open } from "../open.ts";
import { failedFamilies } from "./self-test.ts";

/** The reference, but what it reads is spoiled where `isSpoiled` says so. */
async function spoiledDevice(isSpoiled: (buffer: DeviceBuffer) => boolean): Promise<Device> {
  const device = await open("reference");
  const read = device.read.bind(device);
  device.read = async (buffer, ...range) => {
    const data = await read(buffer, ...range);
    if (isSpoiled(buffer)) data[data.length - 1] = 1 + (data[data.length - 1] ?? 0);
    return data;
  };
  return device;
}

describe("the self-test of a GPU", () => {
  it.each(["reference", "wasm"] as const)("passes on the backend %s, which computes right", async (backend) => {
    expect(await failedFamilies(await open(backend))).toEqual([]);
  });

  it("names every family on a device whose last element is off by one", async () => {
    expect(await failedFamilies(await spoiledDevice(() => true))).toEqual([
      "elementwise functions",
      "numbers of the type float16",
      "numbers of the type uint8",
      "numbers of the type bool",
      "sums",
      "matrix products",
      "large matrix products",
      "matrix products with long sums",
      "convolutions",
      "gradients of convolutions",
      "poolings",
      "softmax",
      "recurrences",
      "look-ups",
      "random numbers",
    ]);
  });

  it("names one family once, and no other", async () => {
    // 3 x 6 x 6 x 9: results of the convolution alone.
    expect(await failedFamilies(await spoiledDevice(({ length }) => length === 972))).toEqual(["convolutions"]);
  });

  it("counts what cannot be compiled as wrong, but a loss of the device as a loss", async () => {
    const device = await open("reference");
    device.compile = () => Promise.reject(new KernelError("UNSUPPORTED_OPERATION", "No shader today"));
    expect((await failedFamilies(device)).length).toBe(15);
    device.compile = () => Promise.reject(new KernelError("DEVICE_LOST", "Gone"));
    await expect(failedFamilies(device)).rejects.toMatchObject({ code: "DEVICE_LOST" });
  });
});

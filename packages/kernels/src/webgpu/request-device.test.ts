import { describe, expect, it } from "vitest";
import { requestDevice } from "./request-device.ts";

const INFO = { vendor: "arm", architecture: "valhall", device: "", description: "", isFallbackAdapter: false };

/** A GPU whose adapters give one device each, and none where `refuses` says so. */
function gpuThat(refuses: (descriptor: GPUDeviceDescriptor) => boolean): {
  gpu: GPU;
  asked: GPUDeviceDescriptor[];
} {
  const asked: GPUDeviceDescriptor[] = [];
  const requestAdapter = () => {
    let isUsed = false;
    const requestDevice = (descriptor: GPUDeviceDescriptor) => {
      asked.push(descriptor);
      const refused = isUsed || refuses(descriptor);
      isUsed = true;
      return refused ? Promise.reject(new Error("D3D12 refused")) : Promise.resolve({ limits: {} });
    };
    const limits = { maxBufferSize: 2 ** 31, maxComputeInvocationsPerWorkgroup: 256 };
    return Promise.resolve({ info: INFO, features: new Set(["subgroups"]), limits, requestDevice });
  };
  // Only an adapter is asked for.
  return { gpu: { requestAdapter } as unknown as GPU, asked };
}

describe("requestDevice", () => {
  it("takes what the adapter has", async () => {
    const { gpu, asked } = gpuThat(() => false);
    expect((await requestDevice({ gpu })).name).toBe("arm valhall");
    expect(asked).toMatchObject([{ requiredFeatures: ["subgroups"], requiredLimits: { maxBufferSize: 2 ** 31 } }]);
  });

  it("takes the least there is from a driver that refuses what it promised", async () => {
    const { gpu, asked } = gpuThat(({ requiredFeatures }) => requiredFeatures !== undefined);
    await requestDevice({ gpu });
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual({ label: "tributary" });
  });

  it("says in words that there is no device at all", async () => {
    await expect(requestDevice({ gpu: gpuThat(() => true).gpu })).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: "The GPU arm valhall gives no device (D3D12 refused): try again, or open wasm instead",
    });
  });

  it("says in words that the platform gives no adapter", async () => {
    const requestAdapter = () => Promise.reject(new Error("blocked"));
    const gpu = { requestAdapter } as unknown as GPU;
    await expect(requestDevice({ gpu })).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });
});

import { describe, expect, it } from "vitest";
import { type AdapterInfo, adapterWords, isSoftwareAdapter } from "./adapter-words.ts";
import { findAdapter, gpuFeaturesOf } from "./find-adapter.ts";

const NOTHING: AdapterInfo = { vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: false };

/** A stand-in for navigator.gpu with one adapter, or none. */
function gpuWith(info: Partial<AdapterInfo> | null, limits: Record<string, number> = {}): GPU {
  const adapter = {
    info: { ...NOTHING, ...info },
    features: new Set(["subgroups", "shader-f16", "depth-clip-control"]),
    limits: { maxBufferSize: 2 ** 30, maxComputeInvocationsPerWorkgroup: 256, maxTextureDimension1D: 9, ...limits },
  };
  // The platform's class has no constructor: only what findAdapter reads is here.
  return { requestAdapter: () => Promise.resolve(info === null ? null : adapter) } as unknown as GPU;
}

describe("findAdapter", () => {
  it("asks for the adapter's own limits and for the features that are used", async () => {
    const found = await findAdapter({ gpu: gpuWith({ vendor: "nvidia", architecture: "ampere" }) });
    expect(found.name).toBe("nvidia ampere");
    expect(found.isSoftware).toBe(false);
    // Half precision arithmetic serves no kernel.
    expect(found.descriptor.requiredFeatures).toEqual(["subgroups"]);
    expect(found.descriptor.requiredLimits).toMatchObject({ maxBufferSize: 2 ** 30 });
    expect(found.descriptor.requiredLimits).not.toHaveProperty("maxTextureDimension1D");
  });

  it("asks for no subgroups where they are switched off", async () => {
    const found = await findAdapter({ gpu: gpuWith({ vendor: "nvidia" }), subgroups: false });
    expect(found.descriptor.requiredFeatures).toEqual([]);
  });

  it("refuses an adapter that computes on the CPU, unless it is allowed", async () => {
    const gpu = gpuWith({ vendor: "google", architecture: "swiftshader", isFallbackAdapter: true });
    await expect(findAdapter({ gpu })).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: expect.stringContaining("google swiftshader"),
    });
    expect((await findAdapter({ gpu, allowSoftware: true })).isSoftware).toBe(true);
  });

  it("loads no Dawn on a Linux without Vulkan, and says what to install", async () => {
    const nothing = { platform: "linux", variables: {}, home: "/people/ada", exists: () => false, textOf: () => null };
    await expect(findAdapter({ machine: { ...nothing, namesIn: () => [] } })).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: expect.stringMatching(
        /^This machine has no Vulkan \(libvulkan.so.1 is not installed\): install libvulkan1 .*, or use the backend wasm$/,
      ),
    });
  });

  it("says in words that there is no adapter, or one that does too little", async () => {
    await expect(findAdapter({ gpu: gpuWith(null) })).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    await expect(findAdapter({ gpu: gpuWith({}, { maxComputeInvocationsPerWorkgroup: 128 }) })).rejects.toThrow(
      "128 invocations a workgroup",
    );
  });
});

describe("gpuFeaturesOf", () => {
  const limits = {
    maxComputeWorkgroupStorageSize: 32_768,
    maxStorageBuffersPerShaderStage: 10,
    maxStorageBufferBindingSize: 2 ** 31 - 4,
    maxBufferSize: 2 ** 30,
  };

  it.each([
    ["the adapter's fewest", ["subgroups"], { subgroupMinSize: 8, subgroupMaxSize: 32 }, 8],
    ["4, which every subgroup has, where the adapter's are hidden", ["subgroups"], {}, 4],
    ["4 where a size is none of WGSL's", ["subgroups"], { subgroupMinSize: 12 }, 4],
    ["1 without the feature", [], { subgroupMinSize: 32 }, 1],
  ])("invocations that are surely in one subgroup: %s", (_, features, adapterInfo, lanes) => {
    const device = { features: new Set(features), limits, adapterInfo } as unknown as GPUDevice;
    expect(gpuFeaturesOf(device).subgroupLanes).toBe(lanes);
  });

  it("takes the smaller of what a buffer may hold and what a dispatch may reach", () => {
    const device = { features: new Set(), limits } as unknown as GPUDevice;
    expect(gpuFeaturesOf(device)).toEqual({
      subgroupLanes: 1,
      workgroupBytes: 32_768,
      storageBuffers: 10,
      bindingBytes: 2 ** 30,
      bufferBytes: 2 ** 30,
    });
  });
});

describe("the words for an adapter", () => {
  it.each([
    [{ vendor: "nvidia", device: "NVIDIA GeForce RTX 4090", description: "NVIDIA: 570.1" }, "NVIDIA GeForce RTX 4090"],
    [{ vendor: "apple", architecture: "metal-3" }, "apple metal-3"],
    [
      { vendor: "intel", architecture: "gen-12lp", device: "0x9a49", description: "Intel(R) Iris(R) Xe Graphics" },
      "Intel(R) Iris(R) Xe Graphics",
    ],
    [{}, "a GPU without a name"],
  ])("%o is %s", (info, words) => {
    expect(adapterWords({ ...NOTHING, ...info })).toBe(words);
  });

  it.each([
    [{ vendor: "google", architecture: "swiftshader" }, true],
    [{ vendor: "mesa", description: "llvmpipe (LLVM 15.0.6, 256 bits)" }, true],
    [{ vendor: "microsoft", architecture: "warp" }, true],
    [{ description: "Microsoft Basic Render Driver" }, true],
    [{ isFallbackAdapter: true }, true],
    [{ vendor: "amd", architecture: "rdna-3", description: "AMD Radeon RX 7900 XT" }, false],
    [{ vendor: "nvidia", device: "Warpdrive 9000" }, false],
  ])("%o computes on the CPU: %s", (info, isSoftware) => {
    expect(isSoftwareAdapter({ ...NOTHING, ...info })).toBe(isSoftware);
  });
});

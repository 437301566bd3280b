import { describe, expect, it } from "vitest";
import { findGpu, type GpuEntry, isRecentBrowser } from "./device-check.ts";

function gpuOf(change: Partial<{ vendor: string; architecture: string; description: string }> | null): GpuEntry {
  const info = { vendor: "nvidia", architecture: "lovelace", device: "", description: "", ...change };
  return { requestAdapter: async () => (change === null ? null : { info }) };
}

describe("looking for a GPU", () => {
  it("finds one, by name", async () => {
    const found = await findGpu(
      { isSecureContext: true, gpu: gpuOf({ description: "NVIDIA GeForce RTX 4090" }) },
      { allowSoftware: false },
    );
    expect(found).toEqual({ adapter: "NVIDIA GeForce RTX 4090" });
  });

  it.each([
    [false, undefined, "INSECURE_ADDRESS"],
    [true, undefined, "NO_WEBGPU"],
    [true, gpuOf(null), "NO_ADAPTER"],
    [true, gpuOf({ vendor: "google", architecture: "swiftshader" }), "SOFTWARE_ADAPTER"],
    [true, { requestAdapter: () => Promise.reject(new Error("gone")) }, "NO_ADAPTER"],
  ] as const)(
    "on an address that is secure: %s, finds that %# is in the way: %s",
    async (isSecureContext, gpu, code) => {
      expect(await findGpu({ isSecureContext, gpu }, { allowSoftware: false })).toMatchObject({ obstacle: code });
    },
  );

  it("takes an imitated one only when that was asked for", async () => {
    const gpu = gpuOf({ vendor: "google", architecture: "swiftshader" });
    expect(await findGpu({ isSecureContext: true, gpu }, { allowSoftware: true })).toEqual({
      adapter: "google swiftshader",
    });
  });
});

it("takes this engine for a recent one: Node has had all of it since version 22", () => {
  expect(isRecentBrowser()).toBe(true);
});

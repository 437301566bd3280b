import { describe, expect, it } from "vitest";
import { CommandError } from "./errors.ts";
import { checkGpuAsked } from "./gpu-asked.ts";

const MISSING = { what: "Vulkan has no driver (none in /x)", remedy: "install a driver" };

describe("--backend webgpu", () => {
  it("is refused where there is no Vulkan, with what to install and what to do otherwise", () => {
    expect(() => checkGpuAsked({ backend: "webgpu" }, MISSING, true)).toThrow(
      new CommandError(
        "GPU_MISSING",
        "Vulkan has no driver (none in /x)",
        "Install a driver; or leave --backend out: workers then compute on the CPU",
      ),
    );
  });

  it("is refused without the package, and taken with both", () => {
    expect(() => checkGpuAsked({ backend: "webgpu" }, null, false)).toThrow(/package webgpu, which is not installed/);
    expect(() => checkGpuAsked({ backend: "webgpu" }, null, true)).not.toThrow();
  });

  it("other backends need neither", () => {
    for (const backend of ["auto", "wasm", "reference"] as const) {
      expect(() => checkGpuAsked({ backend }, MISSING, false)).not.toThrow();
    }
    expect(() => checkGpuAsked({}, MISSING, false)).not.toThrow();
  });
});

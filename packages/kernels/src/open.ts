import type { Backend, Device } from "./device.ts";
import { KernelError } from "./errors.ts";

/** How a device is opened. */
export interface OpenOptions {
  /** Arithmetic of float32 tensors; float64 is for the reference backend alone, where it serves as the truth in tests. Default float32. */
  readonly precision?: "float32" | "float64";
  /** Where the backend webgpu looks for a GPU. Default: `navigator.gpu`, or in Node the package `webgpu`. */
  readonly gpu?: GPU;
  /** Whether the backend webgpu may take a GPU that is a program on the processor, slower than wasm. Default false. */
  readonly allowSoftware?: boolean;
  /** Whether the backend webgpu may use subgroup operations of the GPU, where they are there and work. Default true. */
  readonly subgroups?: boolean;
}

/**
 * Opens a device. Each backend is loaded only when it is asked for, so that a bundle carries no other.
 * @param backend "auto" is wasm: whether a GPU is there, and can be trusted, a worker finds out (openTrustedDevice)
 * @returns a device of the caller's own, to be disposed of by the caller
 * @throws KernelError BACKEND_UNAVAILABLE, OPTION_INVALID
 */
export async function open(backend: Backend | "auto", options: OpenOptions = {}): Promise<Device> {
  const precision = options.precision ?? "float32";
  if (backend !== "reference" && precision !== "float32") {
    throw new KernelError(
      "OPTION_INVALID",
      `Backend ${backend} computes in float32 only, not in ${precision}: open the reference backend for ${precision}`,
    );
  }
  switch (backend) {
    case "reference": {
      const { openReference } = await import("./reference/open.ts");
      return openReference(precision);
    }
    case "auto":
    case "wasm": {
      const { openWasm } = await import("./wasm/open.ts");
      return openWasm();
    }
    case "webgpu": {
      const { openWebGpu } = await import("./webgpu/open.ts");
      return openWebGpu(options);
    }
    default:
      throw new KernelError(
        "BACKEND_UNAVAILABLE",
        `There is no backend ${String(backend satisfies never)}: open wasm or reference instead`,
      );
  }
}

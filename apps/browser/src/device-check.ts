import { type AdapterInfo, adapterWords, isSoftwareAdapter } from "@tributary/kernels";
import type { ObstacleCode } from "./obstacles.ts";

/** The part of `navigator.gpu` that is asked. */
export interface GpuEntry {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<{ readonly info: AdapterInfo } | null>;
}

/** What a platform says about its GPU. */
export interface GpuSurroundings {
  readonly isSecureContext: boolean;
  /** Undefined where there is no WebGPU. */
  readonly gpu: GpuEntry | undefined;
}

/** Whether there is a GPU to compute on: its name, or what is in the way. */
export type GpuFinding = { readonly adapter: string } | { readonly obstacle: ObstacleCode; readonly detail: string };

/** Looks for a GPU without opening it. @param options.allowSoftware whether one that computes on the processor will do */
export async function findGpu(
  { isSecureContext, gpu }: GpuSurroundings,
  { allowSoftware }: { readonly allowSoftware: boolean },
): Promise<GpuFinding> {
  if (gpu === undefined) return { obstacle: isSecureContext ? "NO_WEBGPU" : "INSECURE_ADDRESS", detail: "" };
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter === null) return { obstacle: "NO_ADAPTER", detail: "" };
    const words = adapterWords(adapter.info);
    const isRefused = isSoftwareAdapter(adapter.info) && !allowSoftware;
    return isRefused ? { obstacle: "SOFTWARE_ADAPTER", detail: words } : { adapter: words };
  } catch (error) {
    return { obstacle: "NO_ADAPTER", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** A module of one function that makes a vector of 16 bytes and throws it away (Core Specification 2.0). */
const VECTOR_MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  ...[0x03, 0x02, 0x01, 0x00],
  // i32.const 0, i8x16.splat, drop, end
  ...[0x0a, 0x09, 0x01, 0x07, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x1a, 0x0b],
);

/**
 * Whether this browser has what the training thread is written with: 128-bit vectors in WebAssembly, without which nothing can
 * be computed on the processor, and functions of JavaScript that came in 2023 and 2024.
 */
export function isRecentBrowser(): boolean {
  const hasVectors = typeof WebAssembly === "object" && WebAssembly.validate(VECTOR_MODULE);
  return hasVectors && "withResolvers" in Promise && "timeout" in AbortSignal;
}

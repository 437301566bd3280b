import type { DeviceComputation } from "./computation.ts";

/** What is computed on, and what of it is left unused. */
export function gpuSentence({ adapter, remark }: Pick<DeviceComputation, "adapter" | "remark">): string {
  const sentence = adapter === null ? "Computing on the GPU" : `Computing on the GPU ${adapter}`;
  return remark === undefined ? sentence : `${sentence}; ${remark}`;
}

/** What kind of trouble an error of a device is, or null; by code, because errors of a compute thread have lost their class. */
export function troubleOf(error: unknown): "lost" | "refused" | "memory" | "size" | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  if (error.code === "DEVICE_LOST") return "lost";
  if (error.code === "DEVICE_FAILED") return "refused";
  if (error.code === "MODEL_TOO_LARGE") return "size";
  return error.code === "OUT_OF_MEMORY" ? "memory" : null;
}

/** What happened, without how to mend it: messages have a colon between them. */
export function clauseOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(": ")[0] ?? message;
}

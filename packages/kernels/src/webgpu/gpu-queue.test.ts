import { describe, expect, it } from "vitest";
import { GpuQueue } from "./gpu-queue.ts";
import { StagingBuffers } from "./staging-buffers.ts";
import { FakeGpu, type FakeGpuOptions } from "./testing/fake-gpu.ts";
import { BUFFER_USAGE } from "./usage.ts";

/** What platforms report when a command had no memory: told by its name, because the class is no global in Node. */
class GPUOutOfMemoryError {
  readonly message = "no memory for commands";
}

function queued(options: FakeGpuOptions = {}): { gpu: FakeGpu; queue: GpuQueue } {
  const gpu = new FakeGpu(options);
  // The queue only holds it.
  return { gpu, queue: new GpuQueue(gpu.device, {} as GPU) };
}

describe("what a GPU complains of between commands", () => {
  it("is memory where it says so, and otherwise a command that it refused", async () => {
    const { gpu, queue } = queued();
    gpu.onuncapturederror?.({ error: new GPUOutOfMemoryError() });
    await expect(queue.enqueue(() => {})).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    gpu.onuncapturederror?.({ error: { message: "a limit was passed" } });
    await expect(queue.enqueue(() => {})).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  });

  it("is told to whoever asks next, once, and of several complaints the first: others come of it", async () => {
    const { gpu, queue } = queued();
    for (const message of ["the first", "the second"]) gpu.onuncapturederror?.({ error: { message } });
    await expect(queue.enqueue(() => {})).rejects.toThrow("The GPU refused a command (the first)");
    expect(await queue.enqueue(() => "done")).toBe("done");
  });

  it("explains a reading that fails, before a loss is thought of", async () => {
    const { gpu, queue } = queued({
      map: () => {
        gpu.onuncapturederror?.({ error: { message: "a copy was wrong" } });
        return Promise.reject(new Error("the buffer is invalid"));
      },
    });
    const buffer = queue.createBuffer({ size: 16, usage: BUFFER_USAGE.STORAGE });
    const reading = new StagingBuffers(queue).read(buffer, 0, 16);
    await expect(reading).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  });
});

/** What a page asked of its GPU since the counters were last set to zero. */
export interface GpuCounts {
  /** Calls of GPUQueue.submit. */
  readonly submits: number;
  /** Dispatches recorded, indirect ones among them. */
  readonly dispatches: number;
  /** Buffers mapped for reading. */
  readonly readbacks: number;
  /** Bytes of those. */
  readonly bytesReadBack: number;
  /** Bytes given to the GPU: writeBuffer, and buffers that begin mapped. */
  readonly bytesWritten: number;
}

/** What {@link installGpuCounters} leaves in the page. */
export interface GpuMeter {
  /** The counts until now; they begin anew. */
  readonly take: () => GpuCounts;
  /** Resolves when every device of the page has finished what it was given. @throws Error with the first fault that WebGPU found meanwhile: then nothing was computed */
  readonly finished: () => Promise<void>;
}

declare global {
  var gpuMeter: GpuMeter;
}

/**
 * Counts what a page asks of the GPU by wrapping the methods of WebGPU themselves, so that every engine is counted alike. It runs in the page before anything else and
 * is sent there as text: nothing outside of it is at hand.
 */
export function installGpuCounters(): void {
  if (typeof GPUQueue === "undefined") return;
  let counts = { submits: 0, dispatches: 0, readbacks: 0, bytesReadBack: 0, bytesWritten: 0 };
  const queues: GPUQueue[] = [];
  let fault: string | null = null;

  const { submit, writeBuffer } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (commands) {
    counts.submits += 1;
    return submit.call(this, commands);
  };
  GPUQueue.prototype.writeBuffer = function (buffer, offset, data, from = 0, size) {
    // Offsets and sizes are elements of a typed array, and bytes of everything else (WebGPU, 20.2).
    const unit = ArrayBuffer.isView(data) && "BYTES_PER_ELEMENT" in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    counts.bytesWritten += size === undefined ? data.byteLength - from * unit : size * unit;
    return writeBuffer.call(this, buffer, offset, data, from, size);
  };

  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = GPUComputePassEncoder.prototype;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (x, y, z) {
    counts.dispatches += 1;
    return dispatchWorkgroups.call(this, x, y, z);
  };
  GPUComputePassEncoder.prototype.dispatchWorkgroupsIndirect = function (buffer, offset) {
    counts.dispatches += 1;
    return dispatchWorkgroupsIndirect.call(this, buffer, offset);
  };

  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = function (mode, offset = 0, size) {
    // GPUMapMode.READ is 1 (WebGPU, 5.1).
    if ((mode & 1) !== 0) {
      counts.readbacks += 1;
      counts.bytesReadBack += size ?? this.size - offset;
    }
    return mapAsync.call(this, mode, offset, size);
  };

  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.mappedAtCreation === true) counts.bytesWritten += descriptor.size;
    return createBuffer.call(this, descriptor);
  };

  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    queues.push(device.queue);
    device.addEventListener("uncapturederror", ({ error }) => {
      fault ??= error.message;
    });
    void device.lost.then(({ message }) => {
      fault ??= `The device was lost: ${message}`;
    });
    return device;
  };

  globalThis.gpuMeter = {
    take: () => {
      const taken = counts;
      counts = { submits: 0, dispatches: 0, readbacks: 0, bytesReadBack: 0, bytesWritten: 0 };
      return taken;
    },
    finished: async () => {
      await Promise.all(queues.map((queue) => queue.onSubmittedWorkDone()));
      if (fault !== null) throw new Error(fault);
    },
  };
}

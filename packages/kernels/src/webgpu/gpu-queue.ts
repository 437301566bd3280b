import { KernelError } from "../errors.ts";

/** Runs that may be on their way to the GPU at once: enough to keep it busy, few enough that a loop without reads holds no more. */
const RUNS_IN_FLIGHT_MAX = 4;

/** What a device has done since it was opened. */
export interface DeviceCounters {
  /** Command buffers handed over for runs of programs. */
  submits: number;
  dispatches: number;
  /** Buffers mapped to be read. */
  readbacks: number;
  bytesWritten: number;
  bytesRead: number;
  /** Shader modules compiled. */
  pipelines: number;
}

/**
 * A GPUDevice whose commands happen in the order in which they were asked for, and whose losses and failures, which WebGPU reports
 * apart, are errors of whoever asks next.
 */
export class GpuQueue {
  readonly device: GPUDevice;
  readonly counters: DeviceCounters = {
    submits: 0,
    dispatches: 0,
    readbacks: 0,
    bytesWritten: 0,
    bytesRead: 0,
    pipelines: 0,
  };
  /** Resolves, with words, when the device is lost other than by dispose(). */
  readonly lost: Promise<string>;
  #loss: KernelError | null = null;
  #failure: KernelError | null = null;
  #tail: Promise<void> = Promise.resolve();
  readonly #checks = new Set<Promise<void>>();
  readonly #inFlight: Promise<unknown>[] = [];
  readonly #disposed = Promise.withResolvers<void>();
  /** Held because Dawn in Node stops when nobody holds it; given up with the device, because the process lives as long. */
  #gpu: GPU | null;

  constructor(device: GPUDevice, gpu: GPU) {
    this.device = device;
    this.#gpu = gpu;
    device.onuncapturederror = ({ error }) => this.#fail(error);
    this.lost = device.lost.then(({ reason, message }) => {
      const words = `The GPU was lost (${reason === "destroyed" ? "destroyed" : message || "for an unknown reason"})`;
      this.#loss = new KernelError("DEVICE_LOST", `${words}: open a new device and write the parameters again`);
      return words;
    });
  }

  /** Does something after all that was asked for before. @throws KernelError DEVICE_LOST, OUT_OF_MEMORY, DEVICE_FAILED */
  enqueue<T>(action: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      await Promise.all(this.#checks);
      this.check();
      return action();
    });
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** A buffer. An error of its allocation comes with the next command. @throws KernelError DEVICE_LOST */
  createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    if (this.#loss !== null) throw this.#loss;
    this.device.pushErrorScope("out-of-memory");
    const buffer = this.device.createBuffer(descriptor);
    const check = this.device.popErrorScope().then(
      (error) => {
        this.#checks.delete(check);
        if (error !== null) this.#failure = outOfMemory(`${descriptor.size} bytes`, error);
      },
      () => {
        this.#checks.delete(check);
      },
    );
    this.#checks.add(check);
    return buffer;
  }

  /** Hands commands over. Resolves when no more than a few runs are waiting for the GPU. */
  async submitRun(commands: GPUCommandBuffer): Promise<void> {
    this.device.queue.submit([commands]);
    this.counters.submits += 1;
    this.#inFlight.push(this.device.queue.onSubmittedWorkDone());
    if (this.#inFlight.length > RUNS_IN_FLIGHT_MAX) await this.#inFlight.shift();
  }

  /** @throws KernelError DEVICE_LOST, OUT_OF_MEMORY, DEVICE_FAILED: each failure once */
  check(): void {
    if (this.#loss !== null) throw this.#loss;
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  /** Waits for what was asked for, then gives the GPU back. */
  dispose(): void {
    this.device.onuncapturederror = null;
    const destroy = (): void => {
      this.device.destroy();
      void this.lost.then(() => {
        this.#gpu = null;
        this.#disposed.resolve();
      });
    };
    void this.#gpu;
    void this.#tail.then(() => this.device.queue.onSubmittedWorkDone()).then(destroy, destroy);
  }

  /** Resolves when the GPU was given back after dispose(). */
  get disposed(): Promise<void> {
    return this.#disposed.promise;
  }

  #fail(error: GPUError): void {
    // Dawn's class names are the specification's; the classes themselves are no globals in Node.
    const isMemory = error.constructor.name === "GPUOutOfMemoryError";
    this.#failure ??= isMemory
      ? outOfMemory("memory for commands", error)
      : new KernelError(
          "DEVICE_FAILED",
          `The GPU refused a command (${error.message}): open another backend, and report this`,
        );
  }
}

function outOfMemory(what: string, cause: GPUError): KernelError {
  const message = `The GPU has no room for ${what}: use a smaller microbatch, or dispose of buffers`;
  return new KernelError("OUT_OF_MEMORY", message, { cause });
}

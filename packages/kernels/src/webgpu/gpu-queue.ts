import { KernelError } from "../errors.ts";
import { GpuPace } from "./gpu-pace.ts";

/** Command buffers that may be on their way to the GPU at once: enough to keep it busy, few enough that a loop without reads holds no more. */
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
  /** Buffers for which there was no room: whoever uses one hears it again. */
  readonly #missing = new WeakMap<GPUBuffer, KernelError>();
  /** Those who wait for an answer of the GPU, which some platforms never give once it is lost. */
  readonly #waiting = new Set<(loss: KernelError) => void>();
  /** How much the GPU is given at once. */
  readonly pace = new GpuPace();
  /** When the last command buffer that is known to have ended did so. */
  #lastEndMs = 0;
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
      this.#loss = lossOf(words);
      for (const end of this.#waiting) end(this.#loss);
      this.#waiting.clear();
      return words;
    });
  }

  /** Does something after all that was asked for before. @throws KernelError DEVICE_LOST, OUT_OF_MEMORY, DEVICE_FAILED */
  enqueue<T>(action: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      await this.answer(Promise.all(this.#checks));
      this.check();
      return action();
    });
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Does what cannot fail after all that was asked for before, whatever became of that. */
  afterwards(action: () => void): void {
    this.#tail = this.#tail.then(action);
  }

  /** Waits for the GPU's answer to something, and no longer than there is a GPU. @throws KernelError DEVICE_LOST; what the answer is rejected with */
  async answer<T>(given: Promise<T>): Promise<T> {
    if (this.#loss !== null) {
      given.catch(() => {});
      throw this.#loss;
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.add(reject);
    given.then(resolve, reject);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /**
   * Says why the GPU did not do what every GPU can do at any time: there was a failure before, or it is being lost.
   * @throws KernelError DEVICE_LOST, OUT_OF_MEMORY, DEVICE_FAILED
   */
  async explain(): Promise<never> {
    this.device.pushErrorScope("validation");
    // News of a loss may come behind the failures that it causes, but not behind an answer that was asked for later.
    await this.answer(this.device.popErrorScope().catch(() => null));
    this.check();
    throw lossOf("The GPU gave no answer");
  }

  /** A buffer. An error of its allocation comes with the next command. @throws KernelError DEVICE_LOST */
  createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    const { buffer, allocated } = this.#allocate(descriptor);
    const check: Promise<void> = allocated.then((failure) => {
      this.#checks.delete(check);
      if (failure !== null) this.#failure = failure;
    });
    this.#checks.add(check);
    return buffer;
  }

  /** A buffer that is there for sure. @throws KernelError DEVICE_LOST, OUT_OF_MEMORY */
  async allocate(descriptor: GPUBufferDescriptor): Promise<GPUBuffer> {
    const { buffer, allocated } = this.#allocate(descriptor);
    const failure = await this.answer(allocated);
    if (failure !== null) throw failure;
    return buffer;
  }

  /** @throws KernelError OUT_OF_MEMORY when there was no room for the buffer */
  checkBuffer(buffer: GPUBuffer): void {
    const failure = this.#missing.get(buffer);
    if (failure !== undefined) throw failure;
  }

  #allocate(descriptor: GPUBufferDescriptor): { buffer: GPUBuffer; allocated: Promise<KernelError | null> } {
    if (this.#loss !== null) throw this.#loss;
    this.device.pushErrorScope("out-of-memory");
    const buffer = this.device.createBuffer(descriptor);
    const allocated = this.device.popErrorScope().then(
      (error) => {
        if (error === null) return null;
        const failure = outOfMemory(`${descriptor.size} bytes`, error);
        this.#missing.set(buffer, failure);
        return failure;
      },
      // Rejected only by a device that is lost.
      () => null,
    );
    return { buffer, allocated };
  }

  /** Hands commands over, of so much work. Resolves when no more than a few command buffers are waiting for the GPU. */
  async submitRun(commands: GPUCommandBuffer, work: number): Promise<void> {
    this.device.queue.submit([commands]);
    this.counters.submits += 1;
    const begunMs = performance.now();
    const noteEnd = (): void => {
      const nowMs = performance.now();
      this.pace.note(work, nowMs - Math.max(begunMs, this.#lastEndMs));
      this.#lastEndMs = nowMs;
    };
    // Of a loss the next command hears.
    this.#inFlight.push(this.device.queue.onSubmittedWorkDone().then(noteEnd, () => {}));
    if (this.#inFlight.length > RUNS_IN_FLIGHT_MAX) await this.answer(Promise.resolve(this.#inFlight.shift()));
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
    void this.#tail.then(() => this.answer(this.device.queue.onSubmittedWorkDone())).then(destroy, destroy);
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

function lossOf(words: string): KernelError {
  return new KernelError("DEVICE_LOST", `${words}: open a new device and write the parameters again`);
}

function outOfMemory(what: string, cause: GPUError): KernelError {
  const message = `The GPU has no room for ${what}: use a smaller microbatch, or dispose of buffers`;
  return new KernelError("OUT_OF_MEMORY", message, { cause });
}

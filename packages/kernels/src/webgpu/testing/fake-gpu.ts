/** Microtasks until an event: more than any operation takes that waits for nothing. */
const EVENT_TURNS = 50;

/** What a fake GPU does when it is asked. */
export interface FakeGpuOptions {
  /** Answers pipelines: rejects to refuse one. */
  readonly pipeline?: (text: string) => Promise<void>;
  /** Answers mapAsync. */
  readonly map?: () => Promise<void>;
  /** Answers onSubmittedWorkDone. */
  readonly done?: () => Promise<void>;
  /** Answers popErrorScope, behind which there is no error. */
  readonly scope?: () => Promise<void>;
  /** Default: WebGPU's. */
  readonly maxBufferSize?: number;
}

/** A buffer of a fake GPU. */
export interface FakeBuffer {
  readonly size: number;
  readonly usage: number;
  /** Whether there was room for it. */
  readonly isValid: boolean;
}

/** A GPUDevice that computes nothing and fails as it is told to; it complains as the specification says about what was never there. */
export class FakeGpu {
  readonly buffers: FakeBuffer[] = [];
  /** For which buffers there is no room. */
  refuses: (descriptor: GPUBufferDescriptor) => boolean = () => false;
  /** Dispatches of each submit. */
  readonly submits: number[][] = [];
  readonly #options: FakeGpuOptions;
  readonly #lost = Promise.withResolvers<{ reason: string; message: string }>();
  readonly #scopes: { filter: string; error: { message: string } | null }[] = [];
  /** Set by whoever drives the device. */
  onuncapturederror: ((event: { error: { message: string } }) => void) | null = null;

  constructor(options: FakeGpuOptions = {}) {
    this.#options = options;
  }

  /** The device, as the platform's type. */
  get device(): GPUDevice {
    return this as unknown as GPUDevice;
  }

  get limits(): { readonly maxBufferSize: number } {
    return { maxBufferSize: this.#options.maxBufferSize ?? 2 ** 28 };
  }

  get lost(): Promise<{ reason: string; message: string }> {
    return this.#lost.promise;
  }

  lose(message = "the driver was reset"): void {
    this.#lost.resolve({ reason: "unknown", message });
  }

  destroy(): void {
    this.#lost.resolve({ reason: "destroyed", message: "" });
  }

  pushErrorScope(filter: string): void {
    this.#scopes.push({ filter, error: null });
  }

  async popErrorScope(): Promise<{ message: string } | null> {
    const scope = this.#scopes.pop();
    await this.#options.scope?.();
    return scope?.error ?? null;
  }

  createBuffer(descriptor: GPUBufferDescriptor): FakeBuffer {
    const { size, usage } = descriptor;
    const isValid = !this.refuses(descriptor);
    if (!isValid) this.#complain("out-of-memory", `no room for ${size} bytes`);
    const buffer = {
      ...{ size, usage, isValid },
      mapAsync: () => this.#options.map?.() ?? Promise.resolve(),
      getMappedRange: (_: number, length: number) => new ArrayBuffer(length),
      unmap: () => {},
      destroy: () => {},
    };
    this.buffers.push(buffer);
    return buffer;
  }

  createShaderModule({ code }: GPUShaderModuleDescriptor): object {
    return { code, getCompilationInfo: () => Promise.resolve({ messages: [] }) };
  }

  createBindGroupLayout(): object {
    return {};
  }

  createPipelineLayout(): object {
    return {};
  }

  async createComputePipelineAsync({ compute }: { compute: { module: { code: string } } }): Promise<object> {
    await this.#options.pipeline?.(compute.module.code);
    return {};
  }

  createBindGroup({ entries }: { entries: readonly { resource: { buffer: FakeBuffer } }[] }): object {
    for (const { resource } of entries) {
      if (!resource.buffer.isValid) this.#complain("validation", "a bind group has an invalid buffer");
    }
    return {};
  }

  createCommandEncoder(): object {
    const dispatches: number[] = [];
    const check = (buffer: FakeBuffer): void => {
      if (!buffer.isValid) this.#complain("validation", "a copy has an invalid buffer");
    };
    return {
      beginComputePass: () => ({
        setPipeline: () => {},
        setBindGroup: () => {},
        dispatchWorkgroups: (x: number, y = 1) => dispatches.push(x * y),
        end: () => {},
      }),
      copyBufferToBuffer: (from: FakeBuffer, _: number, to: FakeBuffer) => [from, to].forEach(check),
      finish: () => dispatches,
    };
  }

  readonly queue = {
    submit: (commands: readonly number[][]): void => {
      this.submits.push(...commands);
    },
    writeBuffer: (buffer: FakeBuffer): void => {
      if (!buffer.isValid) this.#complain("validation", "an invalid buffer is written");
    },
    onSubmittedWorkDone: (): Promise<void> => this.#options.done?.() ?? Promise.resolve(),
  };

  /** Events come when nothing else is left to do. */
  async #later(): Promise<void> {
    for (let turn = 0; turn < EVENT_TURNS; turn++) await null;
  }

  #complain(filter: string, message: string): void {
    const scope = this.#scopes.findLast((open) => open.filter === filter);
    if (scope !== undefined) scope.error ??= { message };
    else void this.#later().then(() => this.onuncapturederror?.({ error: { message } }));
  }
}

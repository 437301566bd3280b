import { KernelError } from "../errors.ts";
import type { DispatchCode } from "./dispatch-code.ts";
import type { GpuQueue } from "./gpu-queue.ts";

/** Texts whose pipelines are kept for the next program that has them. */
const PIPELINES_MAX = 1024;

/** A shader ready to run, and the form of its bind group. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The pipelines of a device, by the text of their shaders: layers of one shape, and programs of one run, share many. */
export class Pipelines {
  readonly #queue: GpuQueue;
  readonly #known = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(queue: GpuQueue) {
    this.#queue = queue;
  }

  /**
   * Compiles the shaders that are not known yet, all at once.
   * @param onProgress hears how many of the program's dispatches are ready
   * @throws KernelError DEVICE_FAILED with the compiler's words; DEVICE_LOST
   */
  async compile(
    dispatches: readonly DispatchCode[],
    onProgress: (ready: number, of: number) => void,
  ): Promise<readonly Pipeline[]> {
    let ready = 0;
    return Promise.all(
      dispatches.map(async (code) => {
        const pipeline = await this.#pipeline(code);
        ready += 1;
        onProgress(ready, dispatches.length);
        return pipeline;
      }),
    );
  }

  #pipeline(code: DispatchCode): Promise<Pipeline> {
    const known = this.#known.get(code.text);
    if (known !== undefined) return known;
    const made = this.#create(code);
    this.#known.set(code.text, made);
    made.catch(() => this.#known.delete(code.text));
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= PIPELINES_MAX) break;
      this.#known.delete(oldest);
    }
    return made;
  }

  async #create(code: DispatchCode): Promise<Pipeline> {
    const queue = this.#queue;
    const { device, counters } = queue;
    counters.pipelines += 1;
    // What is wrong here is told by the pipeline that comes of it, and is nobody else's error.
    device.pushErrorScope("validation");
    const layout = this.#layout(code);
    const module = device.createShaderModule({ code: code.text });
    const descriptor = {
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    };
    device.popErrorScope().catch(() => {});
    try {
      return { pipeline: await queue.answer(device.createComputePipelineAsync(descriptor)), layout };
    } catch (cause) {
      queue.check();
      const { messages } = await queue.answer(module.getCompilationInfo().catch(() => ({ messages: [] })));
      // By now a loss is known that may be the cause.
      queue.check();
      const words = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join("; ");
      const reason = words === "" && cause instanceof Error ? cause.message : words;
      throw new KernelError("DEVICE_FAILED", `The GPU's compiler refused a shader (${reason}): open another backend`, {
        cause,
      });
    }
  }

  #layout({ bindings }: DispatchCode): GPUBindGroupLayout {
    const key = bindings.map(({ writable }) => (writable ? "w" : "r")).join("");
    const known = this.#layouts.get(key);
    if (known !== undefined) return known;
    const buffer = (type: GPUBufferBindingType, binding: number): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: COMPUTE_STAGE,
      buffer: { type },
    });
    const entries = bindings.map(({ writable }, index) =>
      buffer(writable ? "storage" : "read-only-storage", index + 1),
    );
    const layout = this.#queue.device.createBindGroupLayout({ entries: [buffer("uniform", 0), ...entries] });
    this.#layouts.set(key, layout);
    return layout;
  }
}

// GPUShaderStage.COMPUTE: Node has no such global. Source: WebGPU, "GPUShaderStage".
const COMPUTE_STAGE = 0x4;

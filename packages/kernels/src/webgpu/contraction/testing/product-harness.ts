import type { Storage } from "../../../ir.ts";
import { findAdapter, gpuFeaturesOf } from "../../find-adapter.ts";
import { type KernelCode, type KernelContext, WORKGROUP_SIZE } from "../../kernel-code.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "../../usage.ts";

/** Storages of a test: 0 is a, 1 is b, 2 is the output, 3 what the epilogue adds. All lie in one buffer. */
export type Arrays = readonly Float32Array[];

/** Writes a kernel's code. */
export type Emit = (context: KernelContext) => KernelCode;

/** Workgroup memory that every device has. */
export const LEAST_WORKGROUP_BYTES = 16_384;

/** Runs code of single kernels, with the geometry that a test wants. */
export class ProductHarness {
  readonly #device: GPUDevice;
  // Dawn in Node stops when nobody holds this.
  readonly #gpu: GPU;

  private constructor(gpu: GPU, device: GPUDevice) {
    this.#gpu = gpu;
    this.#device = device;
  }

  /** Opens a device with so much workgroup memory for a dispatch. */
  static async open(workgroupBytes = LEAST_WORKGROUP_BYTES): Promise<ProductHarness> {
    const { gpu, adapter } = await findAdapter({ allowSoftware: true });
    const requiredLimits = { maxComputeWorkgroupStorageSize: workgroupBytes };
    return new ProductHarness(gpu, await adapter.requestDevice({ requiredLimits }));
  }

  close(): void {
    this.#device.destroy();
    void this.#gpu;
  }

  /**
   * @param chained one workgroup runs all numbers
   * @returns what the output holds
   * @throws Error where the code is not valid, or takes more workgroup memory than the device has
   */
  async run(emit: Emit, arrays: Arrays, chained = false): Promise<Float32Array> {
    const context = new HarnessContext(arrays, chained, gpuFeaturesOf(this.#device));
    const code = emit(context);
    if (context.workgroupBytes > context.features.workgroupBytes) {
      throw new Error(`The code takes ${context.workgroupBytes} bytes of workgroup memory`);
    }
    const device = this.#device;
    const [output] = arrays.slice(2);
    const starts = arrays.map((_, index) => lengthOf(arrays.slice(0, index)));
    const arena = device.createBuffer({ size: lengthOf(arrays) * 4, usage: BUFFER_USAGE.STORAGE | COPIES });
    const bases = device.createBuffer({ size: context.bases.byteLength, usage: BUFFER_USAGE.UNIFORM | COPIES });
    const staging = device.createBuffer({
      size: output.byteLength,
      usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST,
    });
    for (const [index, array] of arrays.entries())
      device.queue.writeBuffer(arena, starts[index] * 4, new Float32Array(array));
    device.queue.writeBuffer(bases, 0, context.bases);
    const module = device.createShaderModule({ code: context.module(code) });
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
    const entries = [bases, arena].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(chained ? 1 : code.workgroups);
    pass.end();
    encoder.copyBufferToBuffer(arena, starts[2] * 4, staging, 0, output.byteLength);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    const found = new Float32Array(staging.getMappedRange().slice(0));
    for (const buffer of [arena, bases, staging]) buffer.destroy();
    return found;
  }
}

const COPIES = BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;

function lengthOf(arrays: Arrays): number {
  return arrays.reduce((sum, { length }) => sum + length, 0);
}

class HarnessContext implements KernelContext {
  readonly features: KernelContext["features"];
  readonly chained: boolean;
  readonly sparing = false;
  readonly storages: readonly Storage[];
  readonly #starts: readonly number[];
  readonly #bases: number[] = [0];
  readonly #routines = new Map<string, string>();
  readonly #arrays = new Map<string, number>();

  constructor(arrays: Arrays, chained: boolean, features: KernelContext["features"]) {
    this.features = features;
    this.chained = chained;
    this.storages = arrays.map(({ length }) => ({ dtype: "float32", length, place: { kind: "arena" } }));
    this.#starts = arrays.map((_, index) => lengthOf(arrays.slice(0, index)));
  }

  get bases(): Uint32Array<ArrayBuffer> {
    const padded = Math.ceil(this.#bases.length / 4) * 4;
    return Uint32Array.from({ length: padded }, (_, index) => this.#bases[index] ?? 0);
  }

  get workgroupBytes(): number {
    return [...this.#arrays].reduce((sum, [type, length]) => sum + length * (type === "vec4<f32>" ? 16 : 4), 0);
  }

  routine(name: string, text: string): void {
    this.#routines.set(name, text);
  }

  access(storage: number, offset: number): ReturnType<KernelContext["access"]> {
    const slot = this.#bases.push(this.#starts[storage] + offset) - 1;
    const base = `bases[${slot >> 2}u].${"xyzw"[slot & 3]}`;
    return {
      load: (index) => `bitcast<f32>(arena[${base} + ${index}])`,
      store: (index, value) => `arena[${base} + ${index}] = bitcast<u32>(${value});`,
    };
  }

  workgroupArray(type: string, length: number): string {
    this.#arrays.set(type, Math.max(length, this.#arrays.get(type) ?? 0));
    return arrayName(type);
  }

  module({ workgroups, statements }: KernelCode): string {
    const loop = `for (var number = 0u; number < ${workgroups}u; number += 1u) { code(number, lid); workgroupBarrier(); }`;
    return [
      `@group(0) @binding(0) var<uniform> bases: array<vec4<u32>, ${this.bases.length / 4}>;`,
      "@group(0) @binding(1) var<storage, read_write> arena: array<u32>;",
      ...[...this.#arrays].map(([type, length]) => `var<workgroup> ${arrayName(type)}: array<${type}, ${length}>;`),
      "fn bits_f32(bits: u32) -> f32 { return bitcast<f32>(bits ^ bases[0u].x); }",
      ...this.#routines.values(),
      `fn code(wg: u32, lid: u32) {\n${statements}\n}`,
      `@compute @workgroup_size(${WORKGROUP_SIZE})`,
      "fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {",
      this.chained ? loop : "code(id.x, lid);",
      "}",
    ].join("\n");
  }
}

function arrayName(type: string): string {
  return type === "vec4<f32>" ? "group_vec4" : `group_${type}`;
}

import { KernelError, type KernelErrorCode, open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import type { DeviceComputation, LeaseOutcome, LeaseSpan, RunSetup } from "../computation.ts";
import { LocalComputation } from "../local-computation.ts";
import type { Clock, FetchBlob } from "../transport.ts";

/** Operations that can fail. */
export type FragileOperation = "prepare" | "setParameters" | "run";

/** What a GPU in a test does wrong: consulted before each operation. */
export type Fault = (operation: FragileOperation, gpu: FragileGpu) => KernelErrorCode | null;

/** The reference backend in the part of a GPU that fails when a test says so. */
export class FragileGpu implements DeviceComputation {
  readonly backend = "webgpu";
  readonly arithmeticClass: string = "webgpu-test";
  readonly adapter = "Test GPU";
  /** What was asked for, in order. */
  readonly asked: string[] = [];
  /** Of the setup that came last. */
  parts = 1;
  isDisposed = false;
  readonly #inner: LocalComputation;
  readonly #fault: Fault;

  private constructor(inner: LocalComputation, fault: Fault) {
    this.#inner = inner;
    this.#fault = fault;
  }

  static async open(fetchBlob: FetchBlob, clock: Clock, fault: Fault): Promise<FragileGpu> {
    const device = await open("reference");
    return new FragileGpu(new LocalComputation({ device, fetchBlob, clock, crc32 }), fault);
  }

  async prepare(setup: RunSetup): Promise<void> {
    this.parts = setup.parts ?? 1;
    this.#try("prepare");
    await this.#inner.prepare(setup);
  }

  allocate(byteLength: number): Uint8Array {
    return this.#inner.allocate(byteLength);
  }

  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    this.#try("setParameters");
    await this.#inner.setParameters(step, codec, bytes);
  }

  async run(span: LeaseSpan, milliseconds: number): Promise<LeaseOutcome> {
    this.#try("run");
    return this.#inner.run(span, milliseconds);
  }

  release(): void {
    this.#inner.release();
  }

  stop(): void {
    this.#inner.stop();
  }

  dispose(): Promise<void> {
    this.isDisposed = true;
    return this.#inner.dispose();
  }

  #try(operation: FragileOperation): void {
    this.asked.push(operation);
    const code = this.#fault(operation, this);
    if (code !== null) throw new KernelError(code, `The test GPU failed (${code}): nothing can be done`);
  }
}

import type { Backend } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import type { DeviceComputation, LeaseOutcome, LeaseSpan, RunSetup } from "../computation.ts";

/** What a scripted device does before it answers: waits, or throws. */
export type Script = (asked: string) => void | Promise<void>;

/** A device that computes nothing, writes down what it is asked for, and fails when its script says so. */
export class ScriptedDevice implements DeviceComputation {
  readonly backend: Backend;
  readonly adapter = null;
  readonly asked: string[] = [];
  /** Bytes that it was given last, and whether it had allocated them itself. */
  parameters: { readonly values: readonly number[]; readonly isOwn: boolean } | null = null;
  /** Milliseconds of the lease that came last. */
  milliseconds: number | null = null;
  readonly #pieces = new WeakSet<ArrayBufferLike>();
  readonly #script: Script;

  constructor(backend: Backend, script: Script = () => {}) {
    this.backend = backend;
    this.#script = script;
  }

  get arithmeticClass(): string {
    return this.backend;
  }

  prepare({ run, parts = 1 }: RunSetup): Promise<void> {
    return this.#do(`prepare ${run} in ${parts}`);
  }

  allocate(byteLength: number): Uint8Array {
    const piece = new Uint8Array(byteLength);
    this.#pieces.add(piece.buffer);
    return piece;
  }

  setParameters(step: number, _: string, bytes: Uint8Array): Promise<void> {
    this.parameters = { values: [...bytes], isOwn: this.#pieces.has(bytes.buffer) };
    return this.#do(`parameters ${step}`);
  }

  async run({ start }: LeaseSpan, milliseconds: number): Promise<LeaseOutcome> {
    this.milliseconds = milliseconds;
    await this.#do(`run ${start}`);
    const bytes = new Uint8Array(4);
    const gradient = { bytes, elements: 1, crc32: crc32(bytes) };
    return { microbatches: 1, milliseconds: 1, gradient, sums: new Uint8Array(0) };
  }

  release(): void {
    this.asked.push("release");
  }

  stop(): void {
    this.asked.push("stop");
  }

  async dispose(): Promise<void> {
    this.asked.push("dispose");
  }

  async #do(asked: string): Promise<void> {
    this.asked.push(asked);
    await this.#script(asked);
  }
}

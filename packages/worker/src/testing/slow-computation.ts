import { crc32, type LeaseMessage } from "@tributary/protocol";
import type { Computation } from "../computation.ts";
import { WorkerError } from "../errors.ts";

/** A computation that does nothing until it is told to; what it is asked for is kept. */
export class SlowComputation implements Computation {
  readonly asked: string[] = [];
  finish: () => void = () => {};
  fail: (error: Error) => void = () => {};

  prepare(): Promise<void> {
    this.asked.push("prepare");
    return Promise.resolve();
  }
  allocate(byteLength: number): Uint8Array {
    return new Uint8Array(byteLength);
  }
  setParameters(step: number): Promise<void> {
    this.asked.push(`parameters ${step}`);
    return Promise.resolve();
  }
  run(span: LeaseMessage) {
    this.asked.push(`run ${span.lease}`);
    return new Promise<Awaited<ReturnType<Computation["run"]>>>((resolve, reject) => {
      const bytes = new Uint8Array(16);
      const gradient = { bytes, elements: 4, crc32: crc32(bytes) };
      this.finish = () => resolve({ microbatches: 2, milliseconds: 5, gradient, sums: new Uint8Array(12) });
      this.fail = reject;
    });
  }
  release(): void {
    this.asked.push("release");
  }
  stop(): void {
    this.asked.push("stop");
    this.fail(new WorkerError("LEASE_STOPPED", "Stopped"));
  }
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

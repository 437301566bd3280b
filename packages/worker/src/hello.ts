import { PROGRAM_FORMAT_VERSION } from "@tributary/program";
import { CODECS, deviceWords, type HelloMessage, PROTOCOL_VERSION } from "@tributary/protocol";
import type { DeviceComputation } from "./computation.ts";
import type { HelloOptions } from "./session-options.ts";

/** What a hello tells beside what its computation says. */
export interface WorkerDescription {
  readonly name: string;
  readonly kind: HelloMessage["kind"];
  /** Name of the processor, shown where that computes; null: none is told. */
  readonly processor: string | null;
  /** Compute threads on the processor, at the time; a GPU is driven by one. */
  readonly threads: () => number;
  /** The run that is to be joined and no other, at the time; null: whichever there is. */
  readonly run: () => string | null;
}

/** What a worker of this version says of itself; everything is looked up when it is said, because a lost device is replaced by another. */
export function helloOf(computation: DeviceComputation, description: WorkerDescription): HelloOptions {
  const { name, kind, processor, threads, run } = description;
  const usesGpu = () => computation.backend === "webgpu";
  return {
    protocol: PROTOCOL_VERSION,
    programFormats: [PROGRAM_FORMAT_VERSION],
    operations: null,
    name,
    kind,
    codecs: [...CODECS.keys()],
    get run() {
      return run();
    },
    get backend() {
      return computation.backend;
    },
    get adapter() {
      return deviceWords((usesGpu() ? computation.adapter : processor) ?? "");
    },
    get arithmeticClass() {
      return computation.arithmeticClass;
    },
    get threads() {
      return usesGpu() ? 1 : threads();
    },
  };
}

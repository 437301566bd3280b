import type { Finding } from "@tributary/coordinator";
import { type Device, KernelError, open } from "@tributary/kernels";
import { decodeProgram, programCost } from "@tributary/program";
import type { LeaseKind } from "@tributary/protocol";
import { LeaseRunner, type RunSetup } from "@tributary/worker";
import { EXAMINATION_MEMORY_SHARE } from "../limits.ts";
import type { BlobEntries, ComputeSetup, ExaminationSetup, ExaminedPart, PartFinding } from "./compute-message.ts";
import { squaresOf, type TensorStore } from "./tensor-store.ts";

/** Codes of errors that are this machine's and say nothing about the samples. */
const NOT_THE_SAMPLES: ReadonlySet<string> = new Set(["OUT_OF_MEMORY", "DEVICE_LOST", "DEVICE_FAILED"]);

/** What an examination needs of the run's tensors. */
type HeldTensors = Pick<TensorStore, "step" | "parametersAndBuffers">;

/**
 * Computes samples that workers failed on, by the code that workers have and on a device of its own, so that memory it runs out of is not
 * the training's. Each call computes one microbatch, so that a step never waits longer than for one; the sums go nowhere.
 */
export class SampleExaminer {
  readonly #setup: RunSetup;
  readonly #device: Device;
  readonly #runner: LeaseRunner;
  readonly #tensors: HeldTensors;
  readonly #blobs: Blobs;

  private constructor(
    setup: RunSetup,
    tensors: HeldTensors,
    parts: { readonly device: Device; readonly runner: LeaseRunner; readonly blobs: Blobs },
  ) {
    this.#setup = setup;
    this.#tensors = tensors;
    this.#device = parts.device;
    this.#runner = parts.runner;
    this.#blobs = parts.blobs;
  }

  /**
   * Compiles the run's own programs.
   * @param freeBytes memory that nobody uses
   * @throws Error when that does not hold the values of one microbatch; what LeaseRunner.create throws
   */
  static async open(
    { run, blobs: entries }: ExaminationSetup,
    backend: ComputeSetup["backend"],
    tensors: HeldTensors,
    freeBytes = process.availableMemory(),
  ): Promise<SampleExaminer> {
    const blobs = new Blobs();
    blobs.put(entries);
    const bytes = Math.max(
      ...[run.programs.gradient, run.programs.evaluate].flatMap((hash) =>
        hash === null ? [] : [programCost(decodeProgram(blobs.get(hash))).bytes],
      ),
    );
    if (bytes > EXAMINATION_MEMORY_SHARE * freeBytes) {
      const megabytes = (count: number) => Math.ceil(count / 2 ** 20);
      throw new Error(`a microbatch takes ${megabytes(bytes)} MiB of memory, and ${megabytes(freeBytes)} MiB are free`);
    }
    const device = await open(backend);
    try {
      const runner = await LeaseRunner.create(device, run, async (hash) => blobs.get(hash));
      return new SampleExaminer(run, tensors, { device, runner, blobs });
    } catch (error) {
      device.dispose();
      throw error;
    }
  }

  /** One microbatch; see {@link ComputeRequests}. */
  async examine({ first, blobs, ...span }: ExaminedPart): Promise<PartFinding> {
    if (this.#tensors.step !== span.step) return unable("the step is over");
    this.#blobs.put(blobs);
    try {
      if (first) await this.#begin(span.kind);
      await this.#runner.accumulate(span, 0, 1, () => false);
    } catch (error) {
      const missing = this.#blobs.takeMissing();
      return missing.length > 0 ? { missing } : { finding: findingOf(error) };
    }
    this.#blobs.clear();
    return { finding: this.#judge(span.kind, await this.#runner.collect(span.kind)) };
  }

  dispose(): void {
    this.#runner.dispose();
    this.#device.dispose();
  }

  async #begin(kind: LeaseKind): Promise<void> {
    const { buffer, byteOffset, byteLength } = await this.#tensors.parametersAndBuffers();
    await this.#runner.setParameters(this.#tensors.step, "float32", new Uint8Array(buffer, byteOffset, byteLength));
    await this.#runner.begin(kind);
  }

  #judge(kind: LeaseKind, sums: Float32Array): Finding {
    const length = kind === "gradient" ? this.#setup.layout.trainableLength : 0;
    const squares = squaresOf(sums.subarray(0, length));
    const finite = Number.isFinite(squares) && Number.isFinite(squaresOf(sums.subarray(length)));
    return finite ? { verdict: "usable", norm: Math.sqrt(squares) } : { verdict: "notFinite" };
  }
}

/** Blobs that were sent here, and those that were looked for in vain. */
class Blobs {
  readonly #here = new Map<string, Uint8Array>();
  readonly #missing = new Set<string>();

  put(entries: BlobEntries): void {
    for (const [hash, bytes] of entries) this.#here.set(hash, bytes);
  }

  /** @throws Error when it is not here: whoever sent the others has it */
  get(hash: string): Uint8Array {
    const bytes = this.#here.get(hash);
    if (bytes !== undefined) return bytes;
    this.#missing.add(hash);
    throw new Error(`The blob ${hash} is not here yet`);
  }

  /** Hashes that were asked for in vain since the last call. */
  takeMissing(): string[] {
    const missing = [...this.#missing];
    this.#missing.clear();
    return missing;
  }

  clear(): void {
    this.#here.clear();
  }
}

function unable(detail: string): PartFinding {
  return { finding: { verdict: "unable", detail } };
}

function findingOf(error: unknown): Finding {
  const detail = error instanceof Error ? error.message : String(error);
  const here = error instanceof KernelError && NOT_THE_SAMPLES.has(error.code);
  return { verdict: here ? "unable" : "failed", detail };
}

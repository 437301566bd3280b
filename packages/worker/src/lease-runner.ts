import {
  createMicrobatch,
  EpochOrder,
  fillMicrobatchInto,
  type Manifest,
  type Microbatch,
  type Shard,
  type SplitManifest,
} from "@tributary/data";
import type { Device, DeviceBuffer, Executable } from "@tributary/kernels";
import { elementCount, type Program } from "@tributary/program";
import { type Crc32, float16Codec, type LeaseKind } from "@tributary/protocol";
import type { LeaseOutcome, LeaseSpan, RunSetup } from "./computation.ts";
import { decodedElements } from "./decoded-elements.ts";
import { DeviceScope } from "./device-scope.ts";
import { WorkerError } from "./errors.ts";
import type { GradientPacker } from "./gradient-packer.ts";
import { bytesOf, createOutcome } from "./lease-outcome.ts";
import { fetchRunPrograms, partSamples, type RunPrograms, sumsLength } from "./run-programs.ts";
import { ShardCache } from "./shard-cache.ts";
import type { FetchBlob } from "./transport.ts";

const TWO_TO_32 = 2 ** 32;

/** When a run of a lease ends early. Asked after every microbatch. */
export type ShouldStop = () => boolean;

/** What may be chosen about a runner. */
export interface LeaseRunnerOptions {
  /** Bytes of shards kept; see SHARD_CACHE_BYTES. */
  readonly shardCacheBytes?: number | undefined;
  /** Hears how much of a program is compiled. */
  readonly onProgress?: ((ready: number, of: number) => void) | undefined;
}

/** A lease that was computed, before its sums are read. */
export interface LeaseWork {
  readonly kind: LeaseKind;
  /** Whole microbatches done. */
  readonly microbatches: number;
  /** Milliseconds since the lease was begun; asked once the sums are read. */
  readonly elapsed: () => number;
}

/** A program that adds to sums, with what it is bound to. */
interface Accumulator {
  readonly executable: Executable;
  /** By input name: microbatch data, seed and step, parameters, buffers and sums. */
  readonly bindings: Readonly<Record<string, DeviceBuffer>>;
  readonly sums: DeviceBuffer;
  /** As many as there are sums; kept, because making them for each lease would feed the garbage collector. */
  readonly zeros: Float32Array;
}

/** What a runner is made of. */
interface RunnerParts {
  readonly scope: DeviceScope;
  readonly setup: RunSetup;
  readonly manifest: Manifest;
  readonly shards: ShardCache;
  readonly buffers: ReadonlyMap<string, DeviceBuffer>;
  readonly accumulators: Readonly<Record<LeaseKind, Accumulator | null>>;
  /** Codes the gradient where it is; null: the host does. */
  readonly packer: GradientPacker | null;
}

/**
 * Runs leases on a device: holds parameters, buffers and sums there, and the shards in a cache. Programs are compiled
 * once. One call at a time; the caller waits for a promise before the next call.
 */
export class LeaseRunner {
  readonly #parts: RunnerParts;
  readonly #device: Device;
  readonly #setup: RunSetup;
  readonly #microbatch: Microbatch;
  #order: { readonly kind: LeaseKind; readonly epoch: number; readonly order: EpochOrder } | null = null;
  #step: number | null = null;

  private constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#device = parts.scope.device;
    this.#setup = parts.setup;
    this.#microbatch = createMicrobatch(parts.manifest.fields, partSamples(parts.setup));
  }

  /**
   * Fetches, checks and compiles what the run needs. Borrows the device for as long as the runner lives.
   * @throws what fetchRunPrograms and Device.compile throw
   */
  static async create(
    device: Device,
    setup: RunSetup,
    fetchBlob: FetchBlob,
    { shardCacheBytes, onProgress }: LeaseRunnerOptions = {},
  ): Promise<LeaseRunner> {
    const programs = await fetchRunPrograms(setup, fetchBlob);
    const shards = new ShardCache(programs.manifest.fields, fetchBlob, shardCacheBytes);
    const scope = new DeviceScope(device);
    try {
      const compile = (program: Program) => scope.compile(program, onProgress === undefined ? {} : { onProgress });
      // Before there are buffers: what is too large for the device is told by what it is for.
      const compiled = await compile(programs.gradient);
      const compiledEvaluate = programs.evaluate === null ? null : await compile(programs.evaluate);
      const buffers = allocateShared(scope, programs);
      await device.write(sharedBuffer(buffers, "seed"), seedWords(setup.seed));
      const gradient = createAccumulator(scope, compiled, buffers);
      const evaluate = compiledEvaluate === null ? null : createAccumulator(scope, compiledEvaluate, buffers);
      const packer = isPackedOnDevice(device, setup) ? await createPacker(scope, setup, gradient.sums) : null;
      const { manifest } = programs;
      return new LeaseRunner({ scope, setup, manifest, shards, buffers, accumulators: { gradient, evaluate }, packer });
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /** Step whose parameters the device holds; null before the first. */
  get step(): number | null {
    return this.#step;
  }

  /** Decodes parameters, then buffers, and writes them to the device. Borrows `bytes`. @throws ProtocolError CODEC_* */
  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    const { parameterLength, bufferLength } = this.#setup.layout;
    const values = decodedElements(codec, bytes, parameterLength + bufferLength);
    this.#step = null;
    const { parameters, buffers } = Object.fromEntries(this.#parts.buffers);
    if (parameters !== undefined) await this.#device.write(parameters, values.subarray(0, parameterLength));
    if (buffers !== undefined && bufferLength > 0) await this.#device.write(buffers, values.subarray(parameterLength));
    this.#step = step;
  }

  /** Whole microbatches a lease consists of; the last may be padded. */
  microbatchesOf(span: LeaseSpan): number {
    return Math.ceil((span.end - span.start) / this.#setup.microbatch);
  }

  /** Clears the sums of a kind of lease. @throws WorkerError PROGRAM_MISMATCH when the run has no such leases */
  async begin(kind: LeaseKind): Promise<void> {
    const { sums, zeros } = this.#accumulator(kind);
    await this.#device.write(sums, zeros);
  }

  /**
   * Adds microbatches `first` ... `first + count - 1` of a lease to the sums, in order.
   * @param breathe awaited between two of them, with the device at rest
   * @returns how many were added: fewer than `count` only when `shouldStop` said so
   * @throws WorkerError STALE_STEP, BLOB_UNREACHABLE; DataError; KernelError
   */
  async accumulate(
    span: LeaseSpan,
    first: number,
    count: number,
    shouldStop: ShouldStop,
    breathe?: () => Promise<void>,
  ): Promise<number> {
    if (span.step !== this.#step) {
      throw new WorkerError("STALE_STEP", `The lease is of step ${span.step}, but the parameters are of ${this.#step}`);
    }
    const { executable, bindings } = this.#accumulator(span.kind);
    const stepBuffer = sharedBuffer(this.#parts.buffers, "step");
    await this.#device.write(stepBuffer, new Uint32Array([span.step % TWO_TO_32]));
    const { microbatch } = this.#setup;
    const size = partSamples(this.#setup);
    for (let index = 0; index < count; index++) {
      // What is read comes behind what was computed: a GPU has nothing left to do then.
      if (index > 0 && breathe !== undefined) await this.#device.read(stepBuffer).then(breathe);
      if (shouldStop()) return index;
      const begin = span.start + (first + index) * microbatch;
      const end = Math.min(span.end, begin + microbatch);
      for (let start = begin; start < end; start += size) {
        await this.#writeSamples(span, start, Math.min(size, end - start), bindings);
        await executable.run(bindings);
      }
    }
    return count;
  }

  /** The sums: for gradient leases the gradient, then the others. The caller owns them. */
  async collect(kind: LeaseKind): Promise<Float32Array> {
    const sums = await this.#device.read(this.#accumulator(kind).sums);
    return sums instanceof Float32Array ? sums : Float32Array.from(sums);
  }

  /**
   * What a lease comes to, computed by this runner alone: one reading of the device.
   * @param into memory for the coded gradient, of exactly its length; without it, it is made
   */
  async finish(work: LeaseWork, crc32: Crc32, into?: Uint8Array): Promise<LeaseOutcome> {
    const { kind, microbatches, elapsed } = work;
    const { packer } = this.#parts;
    if (kind === "evaluate" || packer === null) {
      const sums = await this.collect(kind);
      return createOutcome(this.#setup, { kind, microbatches, milliseconds: elapsed(), sums }, crc32, into);
    }
    const { bytes, others } = await packer.pack(into);
    const { trainableLength, statisticsLength } = this.#setup.layout;
    const gradient = { bytes, elements: trainableLength + statisticsLength, crc32: crc32(bytes) };
    return { microbatches, milliseconds: elapsed(), gradient, sums: bytesOf(others) };
  }

  /** Gives the device's memory back, not the device. */
  dispose(): void {
    this.#parts.scope.dispose();
  }

  #accumulator(kind: LeaseKind): Accumulator {
    const accumulator = this.#parts.accumulators[kind];
    if (accumulator === null) throw new WorkerError("PROGRAM_MISMATCH", `The run has no program for ${kind} leases`);
    return accumulator;
  }

  async #writeSamples(span: LeaseSpan, first: number, count: number, bindings: Accumulator["bindings"]): Promise<void> {
    const split = this.#split(span.kind);
    const order = this.#orderOf(span, split);
    const shards = await this.#shardsOf(split, order, first, count);
    const microbatch = this.#microbatch;
    fillMicrobatchInto(microbatch, this.#parts.manifest.fields, { order, first, count }, (shard) => shards.get(shard));
    const data = { ...microbatch.fields, weights: microbatch.weights, indices: microbatch.indices };
    const writes = Object.entries(data).map(([name, values]) => {
      const buffer = bindings[name];
      return buffer === undefined ? undefined : this.#device.write(buffer, values);
    });
    await Promise.all(writes);
  }

  async #shardsOf(
    split: SplitManifest,
    order: EpochOrder,
    first: number,
    count: number,
  ): Promise<ReadonlyMap<number, Shard>> {
    const fetches = order.shardsAt(first, count).map(async (index): Promise<readonly [number, Shard][]> => {
      const entry = split.shards[index];
      return entry === undefined ? [] : [[index, await this.#parts.shards.get(entry)]];
    });
    return new Map((await Promise.all(fetches)).flat());
  }

  #split(kind: LeaseKind): SplitManifest {
    return kind === "gradient" ? this.#parts.manifest.splits.train : this.#parts.manifest.splits.test;
  }

  // Kept from lease to lease: an order holds permutations that are costly to make again.
  #orderOf(span: LeaseSpan, split: SplitManifest): EpochOrder {
    const { kind, epoch } = span;
    if (this.#order?.kind !== kind || this.#order.epoch !== epoch) {
      const order = new EpochOrder({ split, seed: this.#setup.seed, epoch, shuffle: kind === "gradient" });
      this.#order = { kind, epoch, order };
    }
    return this.#order.order;
  }
}

/** A seed as programs take it: its low 32 bits, then the rest. */
export function seedWords(seed: number): Uint32Array {
  return new Uint32Array([seed % TWO_TO_32, Math.floor(seed / TWO_TO_32)]);
}

function sharedBuffer(buffers: ReadonlyMap<string, DeviceBuffer>, name: string): DeviceBuffer {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new WorkerError("NOT_PREPARED", `There is no buffer for ${name}`);
  return buffer;
}

/** One buffer for each input name of the programs but sums: names have one type in a run, so programs share them. */
function allocateShared(scope: DeviceScope, programs: RunPrograms): Map<string, DeviceBuffer> {
  const buffers = new Map<string, DeviceBuffer>([
    ["seed", scope.allocate("uint32", 2)],
    ["step", scope.allocate("uint32", 1)],
  ]);
  for (const program of [programs.gradient, programs.evaluate]) {
    for (const { name, dtype, shape } of program?.inputs ?? []) {
      if (name !== "sums" && !buffers.has(name)) buffers.set(name, scope.allocate(dtype, elementCount(shape)));
    }
  }
  return buffers;
}

/** Memory of a GPU is far from the host's: a coded gradient is half of what would be read otherwise. */
function isPackedOnDevice(device: Device, { codec }: RunSetup): boolean {
  return device.backend === "webgpu" && codec === float16Codec.name;
}

/** Loaded only here: who computes on a processor does without. */
async function createPacker(scope: DeviceScope, setup: RunSetup, sums: DeviceBuffer): Promise<GradientPacker> {
  const { GradientPacker } = await import("./gradient-packer.ts");
  return GradientPacker.create(scope, setup, sums);
}

function createAccumulator(
  scope: DeviceScope,
  executable: Executable,
  buffers: ReadonlyMap<string, DeviceBuffer>,
): Accumulator {
  const sums = scope.allocate("float32", sumsLength(executable.program));
  const bindings: Record<string, DeviceBuffer> = { sums };
  for (const { name } of executable.program.inputs) if (name !== "sums") bindings[name] = sharedBuffer(buffers, name);
  return { executable, bindings, sums, zeros: new Float32Array(sums.length) };
}

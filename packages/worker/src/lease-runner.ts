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
import { codecNamed, float32Codec, type LeaseKind } from "@tributary/protocol";
import type { LeaseSpan, RunSetup } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import { fetchRunPrograms, type RunPrograms, sumsLength } from "./run-programs.ts";
import { ShardCache } from "./shard-cache.ts";
import type { FetchBlob } from "./transport.ts";

const TWO_TO_32 = 2 ** 32;

/** When a run of a lease ends early. Asked after every microbatch. */
export type ShouldStop = () => boolean;

/** A program that adds to sums, with what it is bound to. */
interface Accumulator {
  readonly executable: Executable;
  /** By input name: microbatch data, seed and step, parameters, buffers and sums. */
  readonly bindings: Readonly<Record<string, DeviceBuffer>>;
  readonly sums: DeviceBuffer;
  /** As many as there are sums; kept, because making them for each lease would feed the garbage collector. */
  readonly zeros: Float32Array;
}

/**
 * Runs leases on a device: holds parameters, buffers and sums there, and the shards in a cache. Programs are compiled
 * once. One call at a time; the caller waits for a promise before the next call.
 */
export class LeaseRunner {
  readonly #device: Device;
  readonly #setup: RunSetup;
  readonly #manifest: Manifest;
  readonly #shards: ShardCache;
  readonly #accumulators: Readonly<Record<LeaseKind, Accumulator | null>>;
  readonly #buffers: ReadonlyMap<string, DeviceBuffer>;
  readonly #microbatch: Microbatch;
  #order: { readonly kind: LeaseKind; readonly epoch: number; readonly order: EpochOrder } | null = null;
  #step: number | null = null;

  private constructor(
    device: Device,
    setup: RunSetup,
    manifest: Manifest,
    shards: ShardCache,
    buffers: ReadonlyMap<string, DeviceBuffer>,
    accumulators: Readonly<Record<LeaseKind, Accumulator | null>>,
  ) {
    this.#device = device;
    this.#setup = setup;
    this.#manifest = manifest;
    this.#shards = shards;
    this.#buffers = buffers;
    this.#accumulators = accumulators;
    this.#microbatch = createMicrobatch(manifest.fields, setup.microbatch);
  }

  /**
   * Fetches, checks and compiles what the run needs. Borrows the device for as long as the runner lives.
   * @throws what fetchRunPrograms and Device.compile throw
   */
  static async create(
    device: Device,
    setup: RunSetup,
    fetchBlob: FetchBlob,
    shardCacheBytes?: number,
  ): Promise<LeaseRunner> {
    const programs = await fetchRunPrograms(setup, fetchBlob);
    const buffers = allocateShared(device, programs);
    await device.write(sharedBuffer(buffers, "seed"), seedWords(setup.seed));
    const accumulators = {
      gradient: await createAccumulator(device, programs.gradient, buffers),
      evaluate: programs.evaluate === null ? null : await createAccumulator(device, programs.evaluate, buffers),
    };
    const shards = new ShardCache(programs.manifest.fields, fetchBlob, shardCacheBytes);
    return new LeaseRunner(device, setup, programs.manifest, shards, buffers, accumulators);
  }

  /** Step whose parameters the device holds; null before the first. */
  get step(): number | null {
    return this.#step;
  }

  /** Decodes parameters, then buffers, and writes them to the device. Borrows `bytes`. @throws ProtocolError CODEC_* */
  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    const { parameterLength, bufferLength } = this.#setup.layout;
    const values = decoded(codec, bytes, parameterLength + bufferLength);
    this.#step = null;
    const { parameters, buffers } = Object.fromEntries(this.#buffers);
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
   * @returns how many were added: fewer than `count` only when `shouldStop` said so
   * @throws WorkerError STALE_STEP, BLOB_UNREACHABLE; DataError; KernelError
   */
  async accumulate(span: LeaseSpan, first: number, count: number, shouldStop: ShouldStop): Promise<number> {
    if (span.step !== this.#step) {
      throw new WorkerError("STALE_STEP", `The lease is of step ${span.step}, but the parameters are of ${this.#step}`);
    }
    const { executable, bindings } = this.#accumulator(span.kind);
    await this.#device.write(sharedBuffer(this.#buffers, "step"), new Uint32Array([span.step % TWO_TO_32]));
    for (let index = 0; index < count; index++) {
      if (shouldStop()) return index;
      await this.#writeMicrobatch(span, first + index, bindings);
      await executable.run(bindings);
    }
    return count;
  }

  /** The sums: for gradient leases the gradient, then the others. The caller owns them. */
  async collect(kind: LeaseKind): Promise<Float32Array> {
    const sums = await this.#device.read(this.#accumulator(kind).sums);
    return sums instanceof Float32Array ? sums : Float32Array.from(sums);
  }

  /** Gives the device's memory back, not the device. */
  dispose(): void {
    for (const accumulator of Object.values(this.#accumulators)) {
      accumulator?.executable.dispose();
      accumulator?.sums.dispose();
    }
    for (const buffer of this.#buffers.values()) buffer.dispose();
  }

  #accumulator(kind: LeaseKind): Accumulator {
    const accumulator = this.#accumulators[kind];
    if (accumulator === null) throw new WorkerError("PROGRAM_MISMATCH", `The run has no program for ${kind} leases`);
    return accumulator;
  }

  async #writeMicrobatch(span: LeaseSpan, index: number, bindings: Accumulator["bindings"]): Promise<void> {
    const size = this.#setup.microbatch;
    const first = span.start + index * size;
    const count = Math.min(size, span.end - first);
    const split = this.#split(span.kind);
    const order = this.#orderOf(span, split);
    const shards = await this.#shardsOf(split, order, first, count);
    const microbatch = this.#microbatch;
    fillMicrobatchInto(microbatch, this.#manifest.fields, { order, first, count }, (shard) => shards.get(shard));
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
      return entry === undefined ? [] : [[index, await this.#shards.get(entry)]];
    });
    return new Map((await Promise.all(fetches)).flat());
  }

  #split(kind: LeaseKind): SplitManifest {
    return kind === "gradient" ? this.#manifest.splits.train : this.#manifest.splits.test;
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

/** The elements that `bytes` code; a view of them where they are float32 already. @throws ProtocolError CODEC_* */
function decoded(codec: string, bytes: Uint8Array, length: number): Float32Array {
  const isPlain = codec === float32Codec.name && bytes.byteLength === 4 * length && bytes.byteOffset % 4 === 0;
  if (isPlain) return new Float32Array(bytes.buffer, bytes.byteOffset, length);
  const values = new Float32Array(length);
  codecNamed(codec).decode(bytes, values);
  return values;
}

function sharedBuffer(buffers: ReadonlyMap<string, DeviceBuffer>, name: string): DeviceBuffer {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new WorkerError("NOT_PREPARED", `There is no buffer for ${name}`);
  return buffer;
}

/** One buffer for each input name of the programs but sums: names have one type in a run, so programs share them. */
function allocateShared(device: Device, programs: RunPrograms): Map<string, DeviceBuffer> {
  const buffers = new Map<string, DeviceBuffer>([
    ["seed", device.allocate("uint32", 2)],
    ["step", device.allocate("uint32", 1)],
  ]);
  for (const program of [programs.gradient, programs.evaluate]) {
    for (const { name, dtype, shape } of program?.inputs ?? []) {
      if (name !== "sums" && !buffers.has(name)) buffers.set(name, device.allocate(dtype, elementCount(shape)));
    }
  }
  return buffers;
}

async function createAccumulator(
  device: Device,
  program: Program,
  buffers: ReadonlyMap<string, DeviceBuffer>,
): Promise<Accumulator> {
  const executable = await device.compile(program);
  const sums = device.allocate("float32", sumsLength(program));
  const bindings: Record<string, DeviceBuffer> = { sums };
  for (const { name } of program.inputs) if (name !== "sums") bindings[name] = sharedBuffer(buffers, name);
  return { executable, bindings, sums, zeros: new Float32Array(sums.length) };
}

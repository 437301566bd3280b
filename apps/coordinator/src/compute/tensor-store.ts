import { crc32 } from "node:zlib";
import { type Device, type DeviceBuffer, type Executable, open, type TensorData } from "@tributary/kernels";
import { decodeProgram } from "@tributary/program";
import {
  chunkFramesInto,
  codecNamed,
  decodeContributionInto,
  encodeMessage,
  float32Codec,
  framedByteLength,
  type LeaseKind,
} from "@tributary/protocol";
import type {
  CheckResult,
  ComputeSetup,
  EncodedParameters,
  RunTensors,
  StagedContribution,
  UpdateResult,
} from "./compute-message.ts";

const TWO_TO_32 = 2 ** 32;
/** Place of the sample count among the named sums. */
const SAMPLES_PLACE = 2;
/** Place of what the loss's mean divides by. */
const WEIGHT_PLACE = 1;

interface StoreBuffers {
  readonly parameters: DeviceBuffer;
  readonly state: DeviceBuffer;
  readonly buffers: DeviceBuffer;
  readonly sums: DeviceBuffer;
  readonly scalars: DeviceBuffer;
  readonly measures: DeviceBuffer;
  readonly seed: DeviceBuffer;
}

/** The model on its device, as it is now. */
export interface HeldModel {
  readonly device: Device;
  readonly parameters: DeviceBuffer;
  readonly buffers: DeviceBuffer;
  /** Updates done. */
  readonly step: number;
}

/** All tensors of a run on one device, and what is done with them: what the machine's effects ask for. */
export class TensorStore {
  readonly #setup: ComputeSetup;
  readonly #device: Device;
  readonly #buffers: StoreBuffers;
  readonly #measure: Executable;
  readonly #update: Executable;
  /** S and E are added up here and written to the device once a step: adding needs no program. */
  readonly #sums: Readonly<Record<LeaseKind, Float32Array>>;
  #step: number;
  /** Memory contributions of other codecs than float32 are decoded into. */
  readonly #decoded: Float32Array;

  private constructor(
    setup: ComputeSetup,
    device: Device,
    buffers: StoreBuffers,
    programs: { readonly measure: Executable; readonly update: Executable },
  ) {
    this.#setup = setup;
    this.#device = device;
    this.#buffers = buffers;
    this.#measure = programs.measure;
    this.#update = programs.update;
    this.#sums = {
      gradient: new Float32Array(setup.sumsLength),
      evaluate: new Float32Array(setup.evaluationSumsLength),
    };
    this.#step = setup.step;
    this.#decoded = new Float32Array(setup.trainableLength + setup.statisticsLength);
  }

  /** Compiles the programs and makes or restores the tensors. */
  static async open(setup: ComputeSetup): Promise<TensorStore> {
    const device = await open(setup.backend);
    const buffers = {
      parameters: device.allocate("float32", setup.parameterLength),
      state: device.allocate("float32", setup.stateLength),
      buffers: device.allocate("float32", setup.bufferLength),
      sums: device.allocate("float32", setup.sumsLength),
      scalars: device.allocate("float32", 5),
      measures: device.allocate("float32", 2),
      seed: device.allocate("uint32", 2),
    };
    const measure = await device.compile(decodeProgram(setup.measure));
    const update = await device.compile(decodeProgram(setup.update));
    if (setup.tensors === null) {
      const initialize = await device.compile(decodeProgram(setup.initialize));
      await device.write(buffers.seed, Uint32Array.of(setup.seed % TWO_TO_32, Math.floor(setup.seed / TWO_TO_32)));
      await initialize.run({ ...buffers });
      initialize.dispose();
    } else {
      await device.write(buffers.parameters, setup.tensors.parameters);
      await device.write(buffers.state, setup.tensors.state);
      await device.write(buffers.buffers, setup.tensors.buffers);
    }
    return new TensorStore(setup, device, buffers, { measure, update });
  }

  /** Updates done. */
  get step(): number {
    return this.#step;
  }

  /** What programs that look inside the model are run with; its buffers are only read. */
  get model(): HeldModel {
    const { parameters, buffers } = this.#buffers;
    return { device: this.#device, parameters, buffers, step: this.#step };
  }

  /** Reads a contribution through once, before anything of it is added. Borrows it. */
  check({ codec, bytes, sums }: StagedContribution): CheckResult {
    const lead = this.#decode(codec, bytes);
    const { trainableLength } = this.#setup;
    const others = floatsOf(sums);
    const squares = squaresOf(lead.subarray(0, trainableLength));
    // A sum of squares in float64 is not finite exactly when some float32 value is not.
    const finite =
      Number.isFinite(squares) &&
      Number.isFinite(squaresOf(lead.subarray(trainableLength))) &&
      others.every(Number.isFinite);
    return { crc32: crc32(bytes), finite, norm: Math.sqrt(squares), samples: others[SAMPLES_PLACE] ?? 0 };
  }

  /** Adds contributions to the sums, in the given order. Borrows them. */
  fold(kind: LeaseKind, items: readonly StagedContribution[]): void {
    const into = this.#sums[kind];
    for (const { codec, bytes, sums } of items) {
      const lead = kind === "gradient" ? this.#decode(codec, bytes) : new Float32Array(0);
      addInto(into, lead, 0);
      addInto(into, floatsOf(sums), lead.length);
    }
  }

  /** Measures and applies the sum, clears it, and encodes the new parameters. @param memory as {@link encode} takes it */
  async update(
    step: number,
    samplesCommitted: number,
    learningRateFactor: number,
    memory?: Uint8Array,
  ): Promise<UpdateResult> {
    const device = this.#device;
    const { gradient } = this.#sums;
    await device.write(this.#buffers.sums, gradient);
    await this.#measure.run(this.#bindings(this.#measure));
    const [squaredNorm = Number.NaN, notFinite = 0] = await device.read(this.#buffers.measures);
    const sums = gradient.slice(this.#setup.trainableLength + this.#setup.statisticsLength);
    gradient.fill(0);
    const weight = sums[WEIGHT_PLACE] ?? 0;
    const gradientNorm = notFinite > 0 ? Number.NaN : Math.sqrt(squaredNorm) / weight;
    const applied = Number.isFinite(gradientNorm) && Number.isFinite(sums[0] ?? 0);
    if (!applied) return { applied, gradientNorm, sums, encoded: null };
    const scalars = Float32Array.of(step, samplesCommitted, learningRateFactor, weight, gradientNorm);
    await device.write(this.#buffers.scalars, scalars);
    await this.#update.run(this.#bindings(this.#update));
    this.#step = step + 1;
    return { applied, gradientNorm, sums, encoded: await this.encode(step + 1, memory) };
  }

  /** The evaluation's sums; clears them. */
  evaluate(): Float32Array {
    const sums = this.#sums.evaluate.slice();
    this.#sums.evaluate.fill(0);
    return sums;
  }

  /**
   * Parameters, then buffers, as frames: encoded once, whoever they go to.
   * @param memory shared memory for the chunks, of exactly their length; without it, it is made
   */
  async encode(step: number, memory?: Uint8Array): Promise<EncodedParameters> {
    const { parameterLength, bufferLength, parametersCodec } = this.#setup;
    const elements = parameterLength + bufferLength;
    const bytes = this.#coded(await this.parametersAndBuffers());
    // Transfer ids of a connection only have to grow, and steps do.
    const transfer = step + 1;
    const byteLength = bytes.byteLength;
    const tensor = { transfer, byteLength, elements, codec: parametersCodec, crc32: crc32(bytes) };
    const into = memory ?? new Uint8Array(new SharedArrayBuffer(framedByteLength(byteLength)));
    const chunks = chunkFramesInto(transfer, bytes, into);
    return { step, frames: [encodeMessage({ type: "parameters", step, tensor }), ...chunks] };
  }

  /** A copy of the parameters, with the buffers behind them. */
  async parametersAndBuffers(): Promise<Float32Array> {
    const parameters = floats(await this.#device.read(this.#buffers.parameters));
    if (this.#setup.bufferLength === 0) return parameters;
    const values = new Float32Array(this.#setup.parameterLength + this.#setup.bufferLength);
    values.set(parameters);
    values.set(await this.#device.read(this.#buffers.buffers), parameters.length);
    return values;
  }

  /** Takes the values: of float32 it gives a view. */
  #coded(values: Float32Array): Uint8Array {
    const codec = codecNamed(this.#setup.parametersCodec);
    if (codec === float32Codec) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const bytes = new Uint8Array(codec.encodedByteLength(values.length));
    codec.encode(values, bytes);
    return bytes;
  }

  /** A copy of everything a checkpoint holds. */
  async snapshot(): Promise<RunTensors> {
    const read = async (buffer: DeviceBuffer) => floats(await this.#device.read(buffer));
    const { parameters, state, buffers } = this.#buffers;
    return { parameters: await read(parameters), state: await read(state), buffers: await read(buffers) };
  }

  dispose(): void {
    this.#device.dispose();
  }

  #bindings({ program }: Executable): Record<string, DeviceBuffer> {
    const all: Readonly<Record<string, DeviceBuffer>> = { ...this.#buffers };
    const names = [...program.inputs, ...program.outputs].map(({ name }) => name);
    return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
  }

  /** Gradient, then statistics. */
  #decode(codec: string, bytes: Uint8Array): Float32Array {
    if (bytes.byteLength === 0) return new Float32Array(0);
    if (codec === "float32" && bytes.byteOffset % 4 === 0) return floatsOf(bytes);
    decodeContributionInto(codecNamed(codec), this.#setup, bytes, this.#decoded);
    return this.#decoded;
  }
}

function floats(data: TensorData): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** The float32 values of bytes; a view where the alignment allows it. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = byteOffsetAligned(bytes);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

function byteOffsetAligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
}

/** Sum of the squares, in float64: finite exactly when every value is. */
export function squaresOf(values: Float32Array): number {
  let squares = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    squares += value * value;
  }
  return squares;
}

/** target[offset + i] += source[i]. Mutates target, borrows source. */
function addInto(target: Float32Array, source: Float32Array, offset: number): void {
  for (let index = 0; index < source.length; index += 1) {
    target[offset + index] = (target[offset + index] ?? 0) + (source[index] ?? 0);
  }
}

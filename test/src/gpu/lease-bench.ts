import { encodeManifest, manifestHash } from "@tributary/data";
import { type Device, type DeviceBuffer, open } from "@tributary/kernels";
import { elementCount, encodeProgram, type Program, programHash } from "@tributary/program";
import { codecNamed, crc32, decodeContributionInto } from "@tributary/protocol";
import { type Run, seedWords, type TracedRun, traceRun } from "@tributary/training";
import type { DeviceComputation, LeaseOutcome, LeaseSpan, RunSetup } from "@tributary/worker";

/** A run's leases without a coordinator: setup, blobs, and first parameters. */
export class LeaseBench {
  readonly setup: RunSetup;
  readonly #blobs: ReadonlyMap<string, Uint8Array>;
  readonly #parameters: Float32Array;

  private constructor(traced: TracedRun, codec: string, parameters: Float32Array) {
    const { layout, sums, recipe, data, programs, variants } = traced;
    const { hash, parameterLength, trainableLength, bufferLength } = layout;
    const hashes = ({ gradient, evaluate }: { readonly gradient: Program; readonly evaluate: Program }) => ({
      gradient: programHash(gradient),
      evaluate: programHash(evaluate),
    });
    this.setup = {
      run: traced.name,
      programs: hashes(programs),
      variants: variants.map((variant) => ({ microbatch: variant.microbatch, programs: hashes(variant) })),
      manifest: manifestHash(data.manifest),
      microbatch: recipe.microbatch,
      codec,
      seed: recipe.seed,
      layout: { hash, parameterLength, trainableLength, statisticsLength: sums.statisticsLength, bufferLength },
    };
    const all = [programs, ...variants].flatMap(({ gradient, evaluate }) => [gradient, evaluate]);
    this.#blobs = new Map([
      ...data.shards,
      ...all.map((program): [string, Uint8Array] => [programHash(program), encodeProgram(program)]),
      [manifestHash(data.manifest), new TextEncoder().encode(encodeManifest(data.manifest))],
    ]);
    this.#parameters = parameters;
  }

  /** @param codec of the gradients */
  static async create(run: Run, codec: string): Promise<LeaseBench> {
    const traced = await traceRun(run);
    const { initialize } = traced.programs;
    const device = await open("wasm");
    const bindings: Record<string, DeviceBuffer> = { seed: device.allocate("uint32", 2) };
    await device.write(bindings["seed"], seedWords(traced.recipe.seed));
    for (const { name, dtype, shape } of initialize.outputs)
      bindings[name] = device.allocate(dtype, elementCount(shape));
    await (await device.compile(initialize)).run(bindings);
    const [parameters, buffers] = await device.readAll([bindings["parameters"], bindings["buffers"]]);
    device.dispose();
    return new LeaseBench(traced, codec, Float32Array.from([...parameters, ...buffers]));
  }

  readonly fetchBlob = (hash: string): Promise<Uint8Array> => {
    const bytes = this.#blobs.get(hash);
    return bytes === undefined ? Promise.reject(new Error(`There is no blob ${hash}`)) : Promise.resolve(bytes);
  };

  /** Puts the first parameters, as of `step`. */
  hold(computation: DeviceComputation, step: number): Promise<void> {
    const bytes = computation.allocate(this.#parameters.byteLength);
    bytes.set(new Uint8Array(this.#parameters.buffer));
    return computation.setParameters(step, "float32", bytes);
  }

  /** The gradient of an outcome, then its other sums. */
  sumsOf(outcome: LeaseOutcome): Float32Array {
    const { trainableLength, statisticsLength } = this.setup.layout;
    const gradient = new Float32Array(trainableLength + statisticsLength);
    const bytes = outcome.gradient?.bytes ?? new Uint8Array(0);
    if (crc32(bytes) !== outcome.gradient?.crc32) throw new Error("The checksum is wrong");
    decodeContributionInto(codecNamed(this.setup.codec), this.setup.layout, bytes, gradient);
    return Float32Array.from([...gradient, ...new Float32Array(outcome.sums.slice().buffer)]);
  }
}

/** A gradient lease of step 0. */
export function leaseSpan(start: number, end: number): LeaseSpan {
  return { step: 0, kind: "gradient", epoch: 0, start, end };
}

/** Norm of the difference over norm of `b`. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  let [difference, norm] = [0, 0];
  for (let index = 0; index < b.length; index++) {
    difference += ((a[index] ?? Number.NaN) - b[index]) ** 2;
    norm += b[index] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** Counters of a device on a GPU. @throws Error on another device */
export function countersOf(
  device: Device,
): Readonly<Record<"submits" | "dispatches" | "readbacks" | "bytesRead", number>> {
  if ("counters" in device && typeof device.counters === "object")
    return device.counters as ReturnType<typeof countersOf>;
  throw new Error(`The backend ${device.backend} counts nothing`);
}

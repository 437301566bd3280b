import { createMicrobatch, type Microbatch } from "@tributary/data";
import type { Bindings, DeviceBuffer, Executable } from "@tributary/kernels";
import { decodeProgram, elementCount } from "@tributary/program";
import { layerPath } from "@tributary/training";
import { classProbabilities, largestIndex } from "./class-probabilities.ts";
import type {
  InspectedLayers,
  InspectedOutputs,
  InspectedSample,
  InspectedSource,
  InspectionSetup,
  JudgedPart,
} from "./compute-message.ts";
import { quantise, shownValues } from "./quantise.ts";
import type { HeldModel } from "./tensor-store.ts";
import { bytesOf, labelOf, TestSamples } from "./test-samples.ts";

/** A program with the buffers of its own that it is run with. */
interface BoundProgram {
  readonly executable: Executable;
  readonly own: Bindings;
}

/**
 * Looks inside the model that a compute thread holds: on the same device, with the same buffers, which it only reads. Each call runs
 * one microbatch, so that a step never waits longer than for one.
 */
export class ModelInspector {
  readonly #setup: InspectionSetup;
  readonly #model: () => HeldModel;
  readonly #tests: TestSamples;
  readonly #microbatch: Microbatch;
  readonly #predict: BoundProgram;
  readonly #activations: BoundProgram;
  /** Parameters and buffers of the judging that is under way; null before the first. */
  #judged: { readonly parameters: DeviceBuffer; readonly buffers: DeviceBuffer; step: number } | null = null;

  private constructor(
    setup: InspectionSetup,
    model: () => HeldModel,
    programs: { readonly predict: BoundProgram; readonly activations: BoundProgram },
  ) {
    this.#setup = setup;
    this.#model = model;
    this.#tests = new TestSamples(setup);
    const size = programs.predict.own.inputs?.length ?? 0;
    const field = setup.fields.find(({ name }) => name === "inputs");
    this.#microbatch = createMicrobatch(setup.fields, size / Math.max(1, elementCount(field?.shape ?? [])));
    this.#predict = programs.predict;
    this.#activations = programs.activations;
  }

  /** Compiles the programs. @param model what is held now; asked before each run */
  static async open(setup: InspectionSetup, model: () => HeldModel): Promise<ModelInspector> {
    const predict = await bind(setup.predict, model());
    const activations = await bind(setup.activations, model());
    return new ModelInspector(setup, model, { predict, activations });
  }

  /** @throws RangeError when the source is not what the run's data has */
  async predict(source: InspectedSource): Promise<InspectedOutputs> {
    this.#fill(source);
    const model = this.#model();
    await this.#run(this.#predict, model);
    const [output] = this.#predict.executable.program.outputs;
    const shape = output?.shape.slice(1) ?? [];
    const outputs = await this.#firstRow(this.#predict, output?.name ?? "", elementCount(shape));
    return { step: model.step, shape, outputs, probabilities: this.#probabilities(outputs) };
  }

  /** @throws RangeError when the source is not what the run's data has */
  async activations(source: InspectedSource): Promise<InspectedLayers> {
    this.#fill(source);
    const model = this.#model();
    await this.#run(this.#activations, model);
    const { outputs } = this.#activations.executable.program;
    const shapes = outputs.map(({ shape }) => shape.slice(1));
    const shown = shownValues(shapes, this.#setup.activationBytesMax);
    const layers = [];
    let last: Float32Array | null = null;
    for (const [index, { name }] of outputs.entries()) {
      const values = await this.#firstRow(this.#activations, name, shown[index] ?? 0);
      const { minimum, maximum, bytes } = quantise(values);
      layers.push({ path: layerPath(name), shape: shapes[index] ?? [], minimum, maximum, values: bytes });
      last = values;
    }
    return { step: model.step, layers, probabilities: last === null ? null : this.#probabilities(last) };
  }

  /** @throws RangeError when there is no such sample */
  sample(index: number): InspectedSample {
    return this.#tests.sample(index);
  }

  /** One microbatch of test samples; see {@link ComputeRequests}. */
  async judge(first: number): Promise<JudgedPart> {
    const count = Math.min(this.#microbatch.size, this.#tests.count - first);
    const judged = await this.#judgedModel(first === 0);
    this.#tests.fill(this.#microbatch, first, count);
    await this.#run(this.#predict, { ...this.#model(), ...judged });
    const { classes, fields } = this.#setup;
    const width = classes ?? 1;
    const [output] = this.#predict.executable.program.outputs;
    const all = await this.#firstRow(this.#predict, output?.name ?? "", count * width);
    const part = {
      step: judged.step,
      first,
      labels: new Int32Array(count),
      predicted: new Int32Array(count),
      probability: new Float32Array(count),
    };
    for (let row = 0; row < count; row += 1) {
      const probabilities = classProbabilities(all.subarray(row * width, (row + 1) * width));
      const predicted = largestIndex(probabilities);
      part.labels[row] = labelOf(fields, this.#microbatch, row) ?? -1;
      part.predicted[row] = predicted;
      part.probability[row] = probabilities[predicted] ?? 0;
    }
    return part;
  }

  /** The parameters that a judging is done with: copied when it begins, because steps go on meanwhile. */
  async #judgedModel(fresh: boolean): Promise<Pick<HeldModel, "parameters" | "buffers" | "step">> {
    const { device, parameters, buffers, step } = this.#model();
    this.#judged ??= {
      parameters: device.allocate("float32", parameters.length),
      buffers: device.allocate("float32", buffers.length),
      step: -1,
    };
    if (fresh || this.#judged.step < 0) {
      await device.write(this.#judged.parameters, await device.read(parameters));
      if (buffers.length > 0) await device.write(this.#judged.buffers, await device.read(buffers));
      this.#judged.step = step;
    }
    return this.#judged;
  }

  #fill(source: InspectedSource): void {
    if ("sample" in source) {
      if (source.sample >= this.#tests.count) {
        throw new RangeError(`There is no test sample ${source.sample} to look at, only 0 to ${this.#tests.count - 1}`);
      }
      this.#tests.fill(this.#microbatch, source.sample, 1);
      return;
    }
    const { inputs } = this.#microbatch.fields;
    const wanted = inputs === undefined ? 0 : inputs.byteLength / this.#microbatch.size;
    if (inputs === undefined || source.inputs.byteLength !== wanted) {
      throw new RangeError(`A sample's inputs have ${wanted} bytes, but ${source.inputs.byteLength} came`);
    }
    inputs.fill(0);
    bytesOf(inputs).set(source.inputs);
  }

  async #run({ executable, own }: BoundProgram, { device, parameters, buffers }: HeldModel): Promise<void> {
    const { inputs } = this.#microbatch.fields;
    if (own.inputs !== undefined && inputs !== undefined) await device.write(own.inputs, inputs);
    await executable.run({ parameters, buffers, ...own });
  }

  async #firstRow({ own }: BoundProgram, name: string, length: number): Promise<Float32Array> {
    const buffer = own[name];
    if (buffer === undefined || length === 0) return new Float32Array(0);
    const values = await this.#model().device.read(buffer, 0, length);
    return values instanceof Float32Array ? values : Float32Array.from(values);
  }

  #probabilities(outputs: Float32Array): Float32Array | null {
    return outputs.length === this.#setup.classes ? classProbabilities(outputs) : null;
  }
}

async function bind(encoded: Uint8Array, { device }: HeldModel): Promise<BoundProgram> {
  const executable = await device.compile(decodeProgram(encoded));
  const { inputs, outputs } = executable.program;
  const own = [...inputs.filter(({ name }) => name === "inputs"), ...outputs].map(
    ({ name, dtype, shape }): [string, DeviceBuffer] => [name, device.allocate(dtype, elementCount(shape))],
  );
  return { executable, own: Object.fromEntries(own) };
}

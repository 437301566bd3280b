import type { FieldSamples } from "@tributary/data";
import { type Backend, open, type TensorData } from "@tributary/kernels";
import { TrainingError } from "./errors.ts";
import { type FlatModel, modelFromSafetensors, modelToSafetensors } from "./model-tensors.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import type { TracedRun } from "./traced-run.ts";
import { writeFile } from "./write-file.ts";

/** What a model makes of some samples. */
export interface Prediction {
  /** [samples, ...shape of one output]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model whose parameters are known: it predicts, and is saved and loaded. */
export class TrainedModel {
  readonly traced: TracedRun;
  /** Borrowed by callers: not to be written. */
  readonly flat: FlatModel;
  readonly #backend: Backend | "auto";

  constructor(traced: TracedRun, flat: FlatModel, backend: Backend | "auto") {
    this.traced = traced;
    this.flat = flat;
    this.#backend = backend;
  }

  /**
   * The model's outputs for samples in the form in which the data has them, as `run.data.test.take(16)` gives them; pixels stay bytes.
   * @param samples the field `inputs`: [samples, ...shape]
   * @throws TrainingError RUN_SHAPE if the samples are not what the model was traced for
   */
  async predict(samples: FieldSamples): Promise<Prediction> {
    const { predict } = this.traced.programs;
    const [input] = predict.inputs.filter(({ name }) => name === "inputs");
    const [output] = predict.outputs;
    if (input === undefined || output === undefined) throw new Error("trained-model: predict lacks inputs or outputs");
    const [microbatch = 1, ...sampleShape] = input.shape;
    const [count = 0, ...givenShape] = samples.shape;
    if (givenShape.join() !== sampleShape.join() || samples.dtype !== input.dtype) {
      throw new TrainingError(
        "RUN_SHAPE",
        `predict: the model takes ${input.dtype} [samples,${sampleShape}], but these are ${samples.dtype} [${samples.shape}]: give samples in the form in which the data has them`,
      );
    }
    const rowElements = elements(sampleShape);
    const outputShape = output.shape.slice(1);
    const data = new Float32Array(count * elements(outputShape));
    const run = await this.#openPredict();
    try {
      for (let first = 0; first < count; first += microbatch) {
        const rows = Math.min(microbatch, count - first);
        const outputs = await run.outputsFor(samples.data.subarray(first * rowElements, (first + rows) * rowElements));
        data.set(outputs.subarray(0, rows * elements(outputShape)), first * elements(outputShape));
      }
    } finally {
      run.dispose();
    }
    return { shape: [count, ...outputShape], data };
  }

  /** The model as safetensors, under PyTorch's names: load_state_dict takes it. */
  toSafetensors(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return encodeSafetensors(
      modelToSafetensors(this.traced.layout, this.flat, { format: "pt", run: this.traced.name, ...metadata }),
    );
  }

  /** Writes {@link toSafetensors} to a file. @throws TrainingError NO_FILE_SYSTEM in a browser */
  save(path: string): Promise<void> {
    return writeFile(path, this.toSafetensors());
  }

  /** The same model with the parameters of a file. @throws TrainingError MODEL_FILE_INVALID, MODEL_FILE_MISMATCH */
  withSafetensors(bytes: Uint8Array): TrainedModel {
    return new TrainedModel(
      this.traced,
      modelFromSafetensors(this.traced.layout, decodeSafetensors(bytes)),
      this.#backend,
    );
  }

  async #openPredict() {
    const device = await open(this.#backend);
    const executable = await device.compile(this.traced.programs.predict);
    const { inputs, outputs } = executable.program;
    const bindings = Object.fromEntries(
      [...inputs, ...outputs].map(({ name, dtype, shape }) => [name, device.allocate(dtype, elements(shape))]),
    );
    const buffer = (name: string) => {
      const found = bindings[name];
      if (found === undefined) throw new Error(`trained-model: predict has no ${name}`);
      return found;
    };
    await device.write(buffer("parameters"), this.flat.parameters);
    await device.write(buffer("buffers"), this.flat.buffers);
    return {
      outputsFor: async (samples: TensorData): Promise<Float32Array> => {
        await device.write(buffer("inputs"), samples);
        await executable.run(bindings);
        return Float32Array.from(await device.read(buffer("outputs")));
      },
      dispose: () => {
        executable.dispose();
        device.dispose();
      },
    };
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

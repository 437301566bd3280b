import type { DatasetSplit, FieldSamples } from "@tributary/data";
import type { Backend } from "@tributary/kernels";
import { TrainingError } from "./errors.ts";
import { type Evaluation, evaluateSplit } from "./evaluation.ts";
import { layerPath } from "./inspection-programs.ts";
import { decodeModelFile } from "./model-file.ts";
import { type FlatModel, modelFromSafetensors, modelToSafetensors } from "./model-tensors.ts";
import { exportOnnx } from "./onnx-export.ts";
import { runOnSamples, type SampleOutputs } from "./program-runner.ts";
import { encodeSafetensors } from "./safetensors.ts";
import type { TracedRun } from "./traced-run.ts";
import { writeFile } from "./write-file.ts";

/** A model whose parameters are known: it predicts, shows what its layers do, and is saved and loaded. */
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
   * @param inputs [samples, ...shape]
   * @throws TrainingError RUN_SHAPE if they are not what the model was traced for
   */
  async predict(inputs: FieldSamples): Promise<SampleOutputs> {
    const outputs = await this.#run(this.traced.programs.predict, { inputs });
    return onlyOutput(outputs);
  }

  /**
   * Loss and metrics over one part of a dataset: `model.evaluate(run.data.validation)`.
   * @throws TrainingError RUN_SHAPE if its samples are not what the model was traced for, RUN_INVALID if there are none
   */
  evaluate(split: DatasetSplit): Promise<Evaluation> {
    return evaluateSplit({ traced: this.traced, flat: this.flat, backend: this.#backend }, split);
  }

  /** What every layer makes of the inputs, by the layer's path, in the order in which they ran. @throws TrainingError RUN_SHAPE */
  async activations(inputs: FieldSamples): Promise<Map<string, SampleOutputs>> {
    const outputs = await this.#run(this.traced.inspection.activations, { inputs });
    return new Map([...outputs].map(([name, output]) => [layerPath(name), output]));
  }

  /**
   * How much each input matters for a class: the gradient of the class's output by the inputs, in their shape.
   * @param classes for each sample, 0 ... outputs - 1
   * @throws TrainingError RUN_SHAPE if the model is no classifier of real inputs, or as many classes as samples are not given
   */
  async saliency(inputs: FieldSamples, classes: ArrayLike<number>): Promise<SampleOutputs> {
    const { saliency } = this.traced.inspection;
    if (saliency === null) {
      throw new TrainingError(
        "RUN_SHAPE",
        "saliency: the model does not map real inputs to one output a class: look at activations instead",
      );
    }
    const chosen: FieldSamples = { dtype: "int32", shape: [classes.length], data: Int32Array.from(classes) };
    return onlyOutput(await this.#run(saliency, { inputs, classes: chosen }));
  }

  /** The model as safetensors, under PyTorch's names: load_state_dict takes it. */
  toSafetensors(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const described = { format: "pt", run: this.traced.name, ...metadata };
    return encodeSafetensors(modelToSafetensors(this.traced.layout, this.flat, described));
  }

  /** The program `predict` as an ONNX model (opset 17), for as many samples at once as the run's microbatch has. @throws TrainingError ONNX_UNSUPPORTED */
  toOnnx(): Uint8Array {
    return exportOnnx(this.traced, this.flat);
  }

  /** Writes {@link toSafetensors} to a file. @throws TrainingError NO_FILE_SYSTEM in a browser */
  save(path: string): Promise<void> {
    return writeFile(path, this.toSafetensors());
  }

  /**
   * The same model with the parameters of a file: ours, PyTorch's, or Keras' (see fromKeras).
   * @throws TrainingError MODEL_FILE_INVALID, MODEL_FILE_MISMATCH
   */
  withSafetensors(bytes: Uint8Array): TrainedModel {
    const flat = modelFromSafetensors(this.traced.layout, decodeModelFile(this.traced.layout, bytes));
    return new TrainedModel(this.traced, flat, this.#backend);
  }

  #run(program: TracedRun["programs"]["predict"], samples: Readonly<Record<string, FieldSamples>>) {
    return runOnSamples({ program, model: this.flat, samples, backend: this.#backend });
  }
}

function onlyOutput(outputs: ReadonlyMap<string, SampleOutputs>): SampleOutputs {
  const [output] = outputs.values();
  if (output === undefined) throw new Error("trained-model: the program has no output");
  return output;
}

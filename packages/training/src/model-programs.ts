import { concat, foldIn, grad, type Tensor, traceProgram, zeros } from "@tributary/autograd";
import type { Field, IndexRule } from "@tributary/data";
import {
  bindModel,
  describeModel,
  initialiseModel,
  type Module,
  metricSums,
  type Randomness,
  requireTensor,
} from "@tributary/nn";
import {
  type LayoutEntry,
  type ParameterLayout,
  type Program,
  shapesEqual,
  showType,
  type TensorType,
} from "@tributary/program";
import { TrainingError } from "./errors.ts";
import { flatVector, tensorsIn } from "./flat-vector.ts";
import { indexRulesOf } from "./index-rules.ts";
import { lossesOf } from "./loss-outputs.ts";
import { fieldInputs, modelInput } from "./model-input.ts";
import type { Run } from "./run.ts";
import { namedSumsOffset, type SumsLayout } from "./sums-layout.ts";
import { floats, input, stateLengthOf, type UpdatePrograms } from "./update-programs.ts";

/** What the programs around the model are traced from. */
export interface ModelSource {
  readonly run: Run;
  readonly model: Module;
  readonly layout: ParameterLayout;
  readonly sums: SumsLayout;
  readonly evaluationSums: SumsLayout;
  readonly fields: readonly Field[];
  readonly updates: UpdatePrograms;
}

type Tensors = Readonly<Record<string, Tensor>>;

/** Folded into the seed for the first values of parameters, so that nothing else draws the same numbers: "init" in ASCII. */
const INITIALISATION = 0x696e6974;

/** Folded into the seed for augmentation: "augm" in ASCII. */
const AUGMENTATION = 0x6175676d;

/** Traces the programs that run the model: its first values, gradient, evaluation and prediction. */
export class ModelPrograms {
  readonly #source: ModelSource;
  #indexRules: readonly IndexRule[] = [];

  constructor(source: ModelSource) {
    this.#source = source;
  }

  /** Which indices the fields may hold, as losses and layers said; known once `evaluate` is traced. */
  get indexRules(): readonly IndexRule[] {
    return this.#indexRules;
  }

  /** seed -> (parameters, state, buffers). */
  initialize(): Program {
    const { layout, model, run } = this.#source;
    const inputs = { seed: SEED };
    return traceProgram({ name: "initialize", inputs }, (given) => {
      const values = initialiseModel(model, foldIn(input(given, "seed"), INITIALISATION));
      const flat = (entries: readonly LayoutEntry[], length: number) =>
        flatVector(
          entries,
          entries.map(({ name }) => input(values, name)),
          length,
        );
      return {
        parameters: flat(layout.parameters, layout.parameterLength),
        state: zeros([stateLengthOf(run.optimizer, layout)]),
        buffers: flat(layout.buffers, layout.bufferLength),
      };
    });
  }

  /** (parameters, buffers, a microbatch, seed, step, sums) -> sums. */
  gradient(): Program {
    const { sums, layout } = this.#source;
    const inputs = {
      parameters: floats(layout.parameterLength),
      ...this.#stepInputs(),
      sums: floats(sums.length),
    };
    return traceProgram({ name: "gradient", inputs, replaces: { sums: "sums" } }, (given) => ({
      sums: input(given, "sums").add(this.#gradientSums(given)),
    }));
  }

  /** (parameters, state, buffers, a microbatch, seed, step, scalars) -> (parameters, state, buffers, sums). */
  localStep(): Program {
    const { updates } = this.#source;
    const inputs = { ...updates.stateInputs(), ...this.#stepInputs(), scalars: updates.scalarsInput() };
    const replaces = { parameters: "parameters", state: "state", buffers: "buffers" };
    return traceProgram({ name: "localStep", inputs, replaces }, (given) => {
      const sums = this.#gradientSums(given);
      const totalWeight = sums.select(0, namedSumsOffset(this.#source.sums) + 1);
      const gradientNorm = updates.measures(sums).select(0, 0).sqrt().div(totalWeight);
      const before = { parameters: input(given, "parameters"), state: input(given, "state") };
      const next = updates.updated(before, { sums, totalWeight, gradientNorm, scalars: input(given, "scalars") });
      return { ...next, buffers: updates.settledBuffers(input(given, "buffers"), sums), sums };
    });
  }

  /** (parameters, buffers, a microbatch, sums) -> sums. */
  evaluate(): Program {
    const { evaluationSums, layout, fields, run } = this.#source;
    const inputs = {
      parameters: floats(layout.parameterLength),
      buffers: floats(layout.bufferLength),
      ...fieldInputs(fields, run.microbatch),
      weights: floats(run.microbatch),
      sums: floats(evaluationSums.length),
    };
    return traceProgram({ name: "evaluate", inputs, replaces: { sums: "sums" } }, (given) => {
      const binding = { tensors: this.#tensors(given), training: false, weights: input(given, "weights") };
      const body = () => this.#sumsOf(given, modelInput(given));
      const { result, expectedIndices } = bindModel(this.#source.model, binding, body);
      this.#indexRules = indexRulesOf(expectedIndices, fields, given);
      return { sums: input(given, "sums").add(concat(result.map((sum) => sum.reshape([-1])))) };
    });
  }

  /** (parameters, buffers, inputs) -> outputs. */
  predict(): Program {
    const { layout, fields, run, model } = this.#source;
    const inputs = {
      parameters: floats(layout.parameterLength),
      buffers: floats(layout.bufferLength),
      ...fieldInputs(
        fields.filter(({ name }) => name === "inputs"),
        run.microbatch,
      ),
    };
    return traceProgram({ name: "predict", inputs }, (given) => {
      const { result } = bindModel(model, { tensors: this.#tensors(given), training: false }, () =>
        model.forward(modelInput(given)),
      );
      return { outputs: result };
    });
  }

  /** What gradient and localStep take beside parameters and sums. */
  #stepInputs(): Record<string, TensorType> {
    const { layout, fields, run } = this.#source;
    return {
      buffers: floats(layout.bufferLength),
      ...fieldInputs(fields, run.microbatch),
      weights: floats(run.microbatch),
      indices: { dtype: "uint32", shape: [run.microbatch] },
      seed: SEED,
      step: { dtype: "uint32", shape: [1] },
    };
  }

  /** One microbatch's S: gradient of the summed loss, what layers recorded, then the other sums. */
  #gradientSums(given: Tensors): Tensor {
    const { model, layout, sums } = this.#source;
    const weights = input(given, "weights");
    const randomness: Randomness = {
      seed: input(given, "seed"),
      step: input(given, "step"),
      indices: input(given, "indices"),
    };
    const tensors = this.#tensors(given);
    const binding = { tensors, training: true, randomness, weights };
    const { result, bufferUpdates, statistics } = bindModel(model, binding, () =>
      this.#sumsOf(given, this.#augmented(modelInput(given), randomness)),
    );
    const changed = Object.keys(bufferUpdates);
    if (changed.length > 0) {
      throw new TrainingError(
        "RUN_INVALID",
        `The model changes its buffers ${changed.join(", ")} in forward, of which a step has many: record Statistics, and change buffers when they settle`,
      );
    }
    const [loss] = result;
    if (loss === undefined) throw new Error("model-programs: the sums have no loss");
    const trainable = layout.parameters.filter((entry) => entry.trainable);
    const gradients = grad(
      loss,
      trainable.map(({ name }) => input(tensors, name)),
    );
    return concat([
      flatVector(trainable, gradients, sums.gradientLength),
      ...describeModel(model).statistics.map(({ name, length }) => statistics[name] ?? zeros([length])),
      ...result.map((sum) => sum.reshape([-1])),
    ]);
  }

  /** What the model sees in training. @throws TrainingError RUN_SHAPE */
  #augmented(inputs: Tensor, randomness: Randomness): Tensor {
    const { augment } = this.#source.run;
    if (augment === undefined) return inputs;
    const outputs = augment(inputs, { ...randomness, seed: foldIn(randomness.seed, AUGMENTATION) });
    if (outputs.dtype === inputs.dtype && shapesEqual(outputs.shape, inputs.shape)) return outputs;
    throw new TrainingError(
      "RUN_SHAPE",
      `augment makes ${showType(outputs)} of ${showType(inputs)}: keep shape and dtype, since evaluation and prediction see inputs as they are`,
    );
  }

  /** Loss, weight, samples (each []), then the sums of each metric [k]: over the real samples of the microbatch. */
  #sumsOf(given: Tensors, inputs: Tensor): Tensor[] {
    const { run, model } = this.#source;
    const weights = input(given, "weights");
    const targets = input(given, "targets");
    const outputs = requireTensor(`The model (${model.constructor.name})`, model.forward(inputs));
    const losses = lossesOf(run.loss, outputs, targets, run.microbatch);
    return [
      losses.values.mul(weights).sum(),
      losses.weights.mul(weights).sum(),
      weights.sum(),
      ...Object.entries(run.metrics).map(([name, metric]) => metricSums(metric, { outputs, targets, weights, name })),
    ];
  }

  #tensors(given: Tensors): Record<string, Tensor> {
    const { layout } = this.#source;
    return {
      ...tensorsIn(input(given, "parameters"), layout.parameters),
      ...tensorsIn(input(given, "buffers"), layout.buffers),
    };
  }
}

const SEED: TensorType = { dtype: "uint32", shape: [2] };

import { concat, type Tensor, traceProgram, zeros } from "@tributary/autograd";
import {
  describeModel,
  type Module,
  type Optimizer,
  type OptimizerState,
  type Progress,
  settleStatistics,
} from "@tributary/nn";
import type { ParameterLayout, Program, TensorType } from "@tributary/program";
import { flatVector, tensorsIn } from "./flat-vector.ts";
import type { SumsLayout } from "./sums-layout.ts";

/** What the update is traced from. */
export interface UpdateSource {
  readonly optimizer: Optimizer;
  readonly model: Module;
  readonly layout: ParameterLayout;
  readonly sums: SumsLayout;
  /** How long the run is, for schedules. */
  readonly length: Omit<Progress, "samples">;
}

/** Places of the `scalars` input of `update`. */
const SCALARS = { step: 0, samplesCommitted: 1, learningRateFactor: 2, totalWeight: 3, gradientNorm: 4 } as const;
/** Floats of the `scalars` input. */
const SCALARS_LENGTH = 5;
/** Places of the `measures` output: squared norm of the gradient part of the sums, and how many of its values are not finite. */
const MEASURES_LENGTH = 2;

/** State that is changed together, as named tensors. */
export interface TrainingState {
  /** float32 [parameterLength]. */
  readonly parameters: Tensor;
  /** float32 [stateLength]. */
  readonly state: Tensor;
}

/** Floats of the optimizer's state: its vectors, then its single numbers, each vector as long as the trainable prefix. */
export function stateLengthOf(optimizer: Optimizer, layout: ParameterLayout): number {
  return optimizer.stateVectors.length * layout.trainableLength + optimizer.stateScalars.length;
}

/** A flat float32 vector. */
export function floats(length: number): TensorType {
  return { dtype: "float32", shape: [length] };
}

/** Traces what happens to the sums of a step: `measure` and `update`. */
export class UpdatePrograms {
  readonly #source: UpdateSource;

  constructor(source: UpdateSource) {
    this.#source = source;
  }

  /** (sums, parameters) -> measures. */
  measure(): Program {
    const { sums, layout } = this.#source;
    const inputs = { sums: floats(sums.length), parameters: floats(layout.parameterLength) };
    return traceProgram({ name: "measure", inputs }, (given) => ({ measures: this.measures(input(given, "sums")) }));
  }

  /** (parameters, state, buffers, sums, scalars) -> (parameters, state, buffers). */
  update(): Program {
    const { layout, sums } = this.#source;
    const inputs = {
      ...this.stateInputs(),
      buffers: floats(layout.bufferLength),
      sums: floats(sums.length),
      scalars: floats(SCALARS_LENGTH),
    };
    const replaces = { parameters: "parameters", state: "state", buffers: "buffers" };
    return traceProgram({ name: "update", inputs, replaces }, (given) => {
      const scalars = input(given, "scalars");
      const totalWeight = scalars.select(0, SCALARS.totalWeight);
      const gradientNorm = scalars.select(0, SCALARS.gradientNorm);
      const sums = input(given, "sums");
      const next = this.updated(
        { parameters: input(given, "parameters"), state: input(given, "state") },
        { sums, totalWeight, gradientNorm, scalars },
      );
      return { ...next, buffers: this.settledBuffers(input(given, "buffers"), sums) };
    });
  }

  /** Types of parameters and state, as program inputs. */
  stateInputs(): { readonly parameters: TensorType; readonly state: TensorType } {
    const { layout, optimizer } = this.#source;
    return { parameters: floats(layout.parameterLength), state: floats(stateLengthOf(optimizer, layout)) };
  }

  /** Type of the `scalars` input. */
  scalarsInput(): TensorType {
    return floats(SCALARS_LENGTH);
  }

  /** [squared norm of the gradient part, count of its values that are not finite], float32 [2]. */
  measures(sums: Tensor): Tensor {
    const gradient = sums.narrow(0, 0, this.#source.sums.gradientLength);
    const notFinite = gradient.isfinite().to("float32").neg().add(1);
    const parts = [gradient.square().sum(), notFinite.sum()];
    return concat(parts.map((part) => part.reshape([1]))).reshape([MEASURES_LENGTH]);
  }

  /** Parameters and state after one update by these sums. */
  updated(
    before: TrainingState,
    step: {
      readonly sums: Tensor;
      readonly totalWeight: Tensor;
      readonly gradientNorm: Tensor;
      readonly scalars: Tensor;
    },
  ): { parameters: Tensor; state: Tensor } {
    const { optimizer, layout, length } = this.#source;
    const { trainableLength, parameterLength } = layout;
    const scalar = (place: number) => step.scalars.select(0, place);
    const samples = scalar(SCALARS.samplesCommitted);
    const learningRate = optimizer.learningRate({ ...length, samples }).mul(scalar(SCALARS.learningRateFactor));
    const next = optimizer.update({
      parameters: before.parameters.narrow(0, 0, trainableLength),
      gradient: step.sums.narrow(0, 0, trainableLength).div(step.totalWeight),
      ...this.#splitState(before.state),
      learningRate,
      step: scalar(SCALARS.step),
      gradientNorm: step.gradientNorm,
      spans: layout.parameters.filter(({ trainable }) => trainable),
    });
    const frozen = before.parameters.narrow(0, trainableLength, parameterLength - trainableLength);
    return {
      parameters: parameterLength === trainableLength ? next.parameters : concat([next.parameters, frozen]),
      state: this.#joinState(next.vectors, next.scalars),
    };
  }

  /** Buffers after a step, by the statistics behind the gradient in its sums. */
  settledBuffers(buffers: Tensor, sums: Tensor): Tensor {
    const { model, layout } = this.#source;
    const recorded: Record<string, Tensor> = {};
    let offset = this.#source.sums.gradientLength;
    for (const { name, length } of describeModel(model).statistics) {
      recorded[name] = sums.narrow(0, offset, length);
      offset += length;
    }
    const before = tensorsIn(buffers, layout.buffers);
    const changed = settleStatistics(model, before, recorded);
    if (Object.keys(changed).length === 0) return buffers;
    const after = layout.buffers.map(({ name }) => changed[name] ?? input(before, name));
    return flatVector(layout.buffers, after, layout.bufferLength);
  }

  #splitState(state: Tensor): { vectors: OptimizerState; scalars: OptimizerState } {
    const { stateVectors, stateScalars } = this.#source.optimizer;
    const { trainableLength } = this.#source.layout;
    const first = stateVectors.length * trainableLength;
    return {
      vectors: Object.fromEntries(
        stateVectors.map((name, i) => [name, state.narrow(0, i * trainableLength, trainableLength)]),
      ),
      scalars: Object.fromEntries(stateScalars.map((name, i) => [name, state.select(0, first + i)])),
    };
  }

  #joinState(vectors: OptimizerState, scalars: OptimizerState): Tensor {
    const { stateVectors, stateScalars } = this.#source.optimizer;
    const pieces = [
      ...stateVectors.map((name) => input(vectors, name)),
      ...stateScalars.map((name) => input(scalars, name).reshape([1])),
    ];
    return pieces.length === 0 ? zeros([0]) : concat(pieces);
  }
}

/** A named tensor that is there because the program declares it. */
export function input(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined)
    throw new Error(`update-programs: there is no tensor ${name} among ${Object.keys(tensors).join(", ")}`);
  return tensor;
}

import { grad, type Tensor, traceProgram } from "@tributary/autograd";
import type { Field } from "@tributary/data";
import { bindModel, type Module } from "@tributary/nn";
import type { ParameterLayout, Program, TensorType } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import { tensorsIn } from "./flat-vector.ts";
import { fieldInputs, modelInput } from "./model-input.ts";
import { floats, input } from "./update-programs.ts";

/** What the programs that look inside a model are traced from. */
export interface InspectionSource {
  readonly model: Module;
  readonly layout: ParameterLayout;
  readonly fields: readonly Field[];
  /** Samples of one run, M. */
  readonly microbatch: number;
}

/** Put before a layer's path in the names of outputs, because paths may begin with a digit and names may not. */
const LAYER_PREFIX = "layer.";

/** The path of a layer from the name of an output of the program `activations`. */
export function layerPath(outputName: string): string {
  return outputName.slice(LAYER_PREFIX.length);
}

/** (parameters, buffers, inputs) -> what every layer made of the inputs, in the order in which they ran, each under "layer." and its path. */
export function traceActivations(source: InspectionSource): Program {
  return traceProgram({ name: "activations", inputs: inspectionInputs(source) }, (given) => {
    const binding = { tensors: modelTensors(source, given), training: false, capture: true };
    const { activations } = bindModel(source.model, binding, () => source.model.forward(modelInput(given)));
    return Object.fromEntries([...activations].map(([path, output]) => [`${LAYER_PREFIX}${path}`, output]));
  });
}

/**
 * (parameters, buffers, inputs, classes int32 [M]) -> outputs float32 [M, ...]: the gradient of each sample's output at its class by the
 * sample itself, as the model sees it (pixels from 0 to 1). Source: Simonyan et al. (2014), arXiv:1312.6034.
 * @throws TrainingError RUN_SHAPE if the model's outputs are not [M, classes], or its inputs are whole numbers
 */
export function traceSaliency(source: InspectionSource): Program {
  const inputs = {
    ...inspectionInputs(source),
    classes: { dtype: "int32", shape: [source.microbatch] } satisfies TensorType,
  };
  return traceProgram({ name: "saliency", inputs }, (given) => {
    const seen = modelInput(given);
    if (seen.dtype !== "float32") {
      throw new TrainingError(
        "RUN_SHAPE",
        `Saliency takes inputs that can be changed a little, not ${seen.dtype}: look at activations instead`,
      );
    }
    const { result } = bindModel(source.model, { tensors: modelTensors(source, given), training: false }, () =>
      source.model.forward(seen),
    );
    if (result.ndim !== 2) {
      throw new TrainingError(
        "RUN_SHAPE",
        `Saliency takes outputs [samples, classes], not [${result.shape}]: use it for classifiers`,
      );
    }
    const chosen = result.gather(1, input(given, "classes").unsqueeze(1)).sum();
    const [gradient] = grad(chosen, [seen]);
    if (gradient === undefined) throw new Error("inspection-programs: no gradient");
    return { outputs: gradient };
  });
}

function inspectionInputs({ layout, fields, microbatch }: InspectionSource): Record<string, TensorType> {
  const inputs = fields.filter(({ name }) => name === "inputs");
  return {
    parameters: floats(layout.parameterLength),
    buffers: floats(layout.bufferLength),
    ...fieldInputs(inputs, microbatch),
  };
}

function modelTensors({ layout }: InspectionSource, given: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return {
    ...tensorsIn(input(given, "parameters"), layout.parameters),
    ...tensorsIn(input(given, "buffers"), layout.buffers),
  };
}

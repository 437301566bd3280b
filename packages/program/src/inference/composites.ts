import { shapesEqual, type TensorType } from "../dtype.ts";
import { requireDType, requireOne, requireShapes, requireThree, requireTwo } from "./checks.ts";

function overLastAxis(operation: string): (inputs: readonly TensorType[]) => TensorType[] {
  return (inputs) => {
    const x = requireOne(operation, inputs);
    requireDType(operation, "x", x, ["float32"]);
    requireShapes(
      operation,
      inputs,
      (x.shape.at(-1) ?? 0) >= 1,
      "the last axis must have at least 1 element: reshape it",
    );
    return [x];
  };
}

function requireClasses(operation: string, logits: TensorType, targets: TensorType): void {
  requireDType(operation, "logits", logits, ["float32"]);
  requireDType(operation, "targets", targets, ["int32"]);
  requireShapes(
    operation,
    [logits, targets],
    logits.shape.length === 2 && (logits.shape[1] ?? 0) >= 1 && shapesEqual(targets.shape, logits.shape.slice(0, 1)),
    "must be logits [B, C] with C at least 1 and targets [B]: reshape them, and give one class a row",
  );
}

function inferCrossEntropy(inputs: readonly TensorType[]): TensorType[] {
  const [logits, targets] = requireTwo("softmaxCrossEntropy", inputs);
  requireClasses("softmaxCrossEntropy", logits, targets);
  return [{ dtype: "float32", shape: targets.shape }];
}

function inferCrossEntropyGradient(inputs: readonly TensorType[]): TensorType[] {
  const operation = "softmaxCrossEntropyGradient";
  const [logits, targets, dloss] = requireThree(operation, inputs);
  requireClasses(operation, logits, targets);
  requireDType(operation, "dloss", dloss, ["float32"]);
  requireShapes(
    operation,
    inputs,
    shapesEqual(targets.shape, dloss.shape),
    "dloss must be [B], as targets are: reshape it",
  );
  return [logits];
}

/** Operations with an expansion into primitives. */
export const COMPOSITE_INFERENCE = {
  softmax: overLastAxis("softmax"),
  logSoftmax: overLastAxis("logSoftmax"),
  softmaxCrossEntropy: inferCrossEntropy,
  softmaxCrossEntropyGradient: inferCrossEntropyGradient,
};

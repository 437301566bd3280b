import type { CompositeName } from "@tributary/program";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { oneInput, type Rows, threeInputs, twoInputs } from "./rule.ts";

/** A value copied over a new last axis, in the shape of `like`. */
function overLast(reduced: Value, like: Value): Value {
  return op.broadcast(op.reshape(reduced, [...reduced.shape, 1]), like.shape);
}

function sumLast(x: Value): Value {
  return op.sum(x, [x.shape.length - 1]);
}

/** y (dy - sum(dy y)): what the derivative of softmax does to a cotangent. */
function softmaxGradient(dy: Value, y: Value): Value {
  return op.mul(y, op.sub(dy, overLast(sumLast(op.mul(dy, y)), y)));
}

/** 1 for each row whose target is one of the classes, else 0: gather gives 0 out of range. */
function targetExists(logits: Value, targets: Value): Value {
  const column = op.reshape(targets, [...targets.shape, 1]);
  return op.reshape(op.gather(op.full(logits.shape, 1), column), targets.shape);
}

/** Operations that have an expansion, differentiated as wholes. */
export const COMPOSITE_ROWS: Rows<CompositeName> = {
  // y = softmax(x): dx = y (dy - sum(dy y))
  softmax: oneInput(op.softmax, ({ dy, y }) => softmaxGradient(dy, y)),
  // y = log softmax(x): dx = dy - softmax(x) sum(dy)
  logSoftmax: oneInput(op.logSoftmax, ({ dy, x, y }) => op.sub(dy, op.mul(op.exp(y), overLast(sumLast(dy), x)))),
  // dlogits = (softmax(logits) - onehot(targets)) dloss
  softmaxCrossEntropy: twoInputs(op.softmaxCrossEntropy, ({ dy, a: logits, b: targets }) => [
    op.softmaxCrossEntropyGradient(logits, targets, dy),
    null,
  ]),
  // g = (p - onehot) dloss, p = softmax(logits), u = dg dloss: dlogits = p (u - sum(u p)), ddloss = sum(dg (p - onehot))
  softmaxCrossEntropyGradient: threeInputs(
    op.softmaxCrossEntropyGradient,
    ({ dy, a: logits, b: targets, c: lossGradient }) => {
      const scale = op.mul(lossGradient, targetExists(logits, targets));
      const slope = op.softmaxCrossEntropyGradient(logits, targets, op.full(targets.shape, 1));
      return [
        softmaxGradient(op.mul(dy, overLast(scale, logits)), op.softmax(logits)),
        null,
        sumLast(op.mul(dy, slope)),
      ];
    },
  ),
};

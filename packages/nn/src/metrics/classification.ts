import { arange, concat, iota, type Tensor, where } from "@tributary/autograd";
import { shapesEqual, showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import type { SampleMetric, SummedMetric } from "./metric.ts";

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface ClassificationOptions {
  /**
   * Number of classes: outputs are logits or probabilities [M, C, ...], the largest decides, and the value is the mean over the
   * classes that occur among targets or decisions (the macro average of scikit-learn). Default: two classes, see `threshold`.
   */
  readonly classes?: number;
  /** With two classes and one output a sample, [M] or [M, 1]: above this the decision is 1. Default 0.5; 0 for logits. */
  readonly threshold?: number;
}

/** Most classes of {@link confusionMatrix}: as many as squared are below the 4,096 sums a worker may send. */
export const CONFUSION_CLASSES_MAX = 60;

/** Most classes of a macro average. */
export const MACRO_CLASSES_MAX = 1_000;

/** Class indices that were decided and that are right, for each sample and place: int32 [M, P]; both -1 where the target is no class. */
interface Decisions {
  readonly decided: Tensor;
  readonly right: Tensor;
}

function requireClassShapes(owner: string, outputs: Tensor, targets: Tensor, classes: number): void {
  const [samples = 0, columns, ...rest] = outputs.shape;
  if (columns === classes && shapesEqual(targets.shape, [samples, ...rest])) return;
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} takes outputs [M, ${classes}, ...] and class indices [M, ...], but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: put the classes into dimension 1`,
  );
}

function decisionsOf(owner: string, outputs: Tensor, targets: Tensor, classes: number): Decisions {
  requireClassShapes(owner, outputs, targets, classes);
  const places = (x: Tensor) => x.reshape([outputs.size(0), -1]);
  const right = places(targets.to("int32"));
  const known = right.ge(0).where(right.lt(classes), false);
  return {
    decided: where(known, places(outputs.argmax(1)), -1),
    right: where(known, right, -1),
  };
}

/** Decisions of one output a sample. */
function thresholded(owner: string, outputs: Tensor, targets: Tensor, threshold: number): Decisions {
  const samples = outputs.size(0);
  if (outputs.numel() !== samples || targets.numel() !== samples) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `${owner} takes one output and one target a sample, but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: say how many classes there are`,
    );
  }
  const column = (x: Tensor) => x.reshape([samples, 1]);
  return { decided: column(outputs.gt(threshold).to("int32")), right: column(targets.to("int32")) };
}

/** How often each class was decided, was right, and both. float32 [M, C] each. */
interface ClassCounts {
  readonly decided: Tensor;
  readonly right: Tensor;
  readonly hits: Tensor;
}

function countsOf({ decided, right }: Decisions, classes: Tensor): ClassCounts {
  const among = (indices: Tensor) => indices.unsqueeze(2).eq(classes).to("float32");
  const [decidedAs, rightAs] = [among(decided), among(right)];
  return { decided: decidedAs.sum(1), right: rightAs.sum(1), hits: decidedAs.mul(rightAs).sum(1) };
}

/** A quotient of counts: of class 1, or the mean over classes. */
function quotientMetric(
  owner: string,
  options: ClassificationOptions,
  quotient: (counts: ClassCounts) => { readonly numerator: Tensor; readonly denominator: Tensor },
): SummedMetric {
  const { classes, threshold = 0.5 } = options;
  if (classes === undefined) {
    return {
      form: { kind: "ratio", empty: 0 },
      sums: (outputs, targets) => {
        const decisions = thresholded(owner, outputs, targets, threshold);
        const { numerator, denominator } = quotient(countsOf(decisions, arange(2, "int32").narrow(0, 1, 1)));
        return concat([numerator, denominator], 1);
      },
    };
  }
  requireClassCount(owner, classes, MACRO_CLASSES_MAX);
  return {
    form: { kind: "meanRatio", classes },
    sums: (outputs, targets) => {
      const counts = countsOf(decisionsOf(owner, outputs, targets, classes), arange(classes, "int32"));
      const { numerator, denominator } = quotient(counts);
      return concat([numerator, denominator, counts.decided.add(counts.right)], 1);
    },
  };
}

function requireClassCount(owner: string, classes: number, most: number): void {
  const valid = Number.isInteger(classes) && classes >= 2 && classes <= most;
  requireOption(valid, owner, "classes", classes, `a whole number from 2 to ${most}`);
}

/** Share of the decisions for a class that are right; 0 where there are none. @throws NnError INVALID_OPTION */
export function precision(options: ClassificationOptions = {}): SummedMetric {
  return quotientMetric("precision", options, ({ hits, decided }) => ({ numerator: hits, denominator: decided }));
}

/** Share of a class's samples that are decided so; 0 where there are none. @throws NnError INVALID_OPTION */
export function recall(options: ClassificationOptions = {}): SummedMetric {
  return quotientMetric("recall", options, ({ hits, right }) => ({ numerator: hits, denominator: right }));
}

/** Harmonic mean of {@link precision} and {@link recall} of a class: 2 hits / (decided + right). @throws NnError INVALID_OPTION */
export function f1(options: ClassificationOptions = {}): SummedMetric {
  return quotientMetric("f1", options, ({ hits, decided, right }) => ({
    numerator: hits.mul(2),
    denominator: decided.add(right),
  }));
}

/** Share of the samples whose one output, [M] or [M, 1], is on the target's side (0 or 1) of the threshold. Default 0.5; 0 for logits. */
export function binaryAccuracy({ threshold = 0.5 }: Pick<ClassificationOptions, "threshold"> = {}): SampleMetric {
  return (outputs, targets) => {
    const { decided, right } = thresholded("binaryAccuracy", outputs, targets, threshold);
    return decided.eq(right).to("float32").reshape([-1]);
  };
}

/**
 * 1 where fewer than k classes have a larger logit than the target's, else 0; of equal ones the first counts as larger. For outputs
 * [M, C, ...] and targets [M, ...]; the mean over a sample's places. topK(1) is accuracy.
 * @throws NnError INVALID_OPTION, SHAPE_MISMATCH
 */
export function topK(k: number): SampleMetric {
  requireOption(Number.isInteger(k) && k > 0, "topK", "k", k, "a whole number above 0");
  return (outputs, targets) => {
    requireClassShapes("topK", outputs, targets, outputs.ndim < 2 ? -1 : outputs.size(1));
    const right = targets.to("int32").unsqueeze(1);
    const logits = outputs.gather(1, right);
    const larger = outputs.gt(logits).to("float32");
    const before = iota(outputs.shape, 1, "int32").lt(right).where(outputs.eq(logits).to("float32"), 0);
    const known = right
      .ge(0)
      .where(right.lt(outputs.size(1)), false)
      .where(logits.isnan().logicalNot(), false);
    const rank = larger.add(before).sum(1, { keepdim: true });
    const hits = known.where(rank.lt(k).to("float32"), 0);
    return hits.reshape([outputs.size(0), -1]).mean(1);
  };
}

/**
 * How often each class (row) was decided as each class (column): [classes, classes], as scikit-learn's. Reported under `counts` of the
 * epoch events. Outputs are logits or probabilities [M, C, ...]; a target outside of 0 ... C - 1 is left out.
 * @throws NnError INVALID_OPTION
 */
export function confusionMatrix(classes: number): SummedMetric {
  requireClassCount("confusionMatrix", classes, CONFUSION_CLASSES_MAX);
  return {
    form: { kind: "counts", shape: [classes, classes] },
    sums: (outputs, targets) => {
      const { decided, right } = decisionsOf("confusionMatrix", outputs, targets, classes);
      // Where the target is no class both are -1, which makes no cell of the table.
      const cells = right.mul(classes).add(decided).unsqueeze(2);
      return cells
        .eq(arange(classes * classes, "int32"))
        .to("float32")
        .sum(1);
    },
  };
}

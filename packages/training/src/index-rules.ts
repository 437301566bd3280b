import type { Tensor } from "@tributary/autograd";
import type { Field, IndexRule } from "@tributary/data";
import type { ExpectedIndices } from "@tributary/nn";

type Value = Tensor["value"];

/** Operations that keep every element: what holds for their results holds for what they were made of. */
const SAME_ELEMENTS = ["reshape", "permute", "broadcast", "flip"];

const INTEGERS = ["int32", "uint32", "uint8"];

/** Where a value's elements come from, as far as all of them stay, and stay what they are. */
function sourceOf(value: Value): Value {
  const { origin } = value;
  if (origin.kind === "stop") return sourceOf(origin.input);
  const [input] = origin.kind === "operation" ? origin.inputs : [];
  if (origin.kind !== "operation" || input === undefined) return value;
  const widens = origin.operation === "cast" && INTEGERS.includes(input.dtype) && INTEGERS.includes(value.dtype);
  return widens || SAME_ELEMENTS.includes(origin.operation) ? sourceOf(input) : value;
}

/**
 * What losses and layers expect of the data: those of their indices that are a field as it is, whatever its shape.
 * @param given the tensors that stand for the fields in the trace, by name
 */
export function indexRulesOf(
  expected: readonly ExpectedIndices[],
  fields: readonly Field[],
  given: Readonly<Record<string, Tensor>>,
): IndexRule[] {
  return expected.flatMap(({ indices, ...rule }) => {
    const source = sourceOf(indices.value);
    const field = fields.find(({ name }) => given[name]?.value === source);
    return field === undefined ? [] : [{ field: field.name, ...rule }];
  });
}

import { Tensor } from "@tributary/autograd";
import { NnError } from "./errors.ts";

/**
 * What traced code of the user gave, if it is a tensor.
 * @param what gave it, as the subject of a sentence: "Layer 0 (Gate)"
 * @throws NnError NOT_A_TENSOR
 */
export function requireTensor(what: string, result: unknown): Tensor {
  if (result instanceof Tensor) return result;
  const isAsync = result instanceof Promise;
  // It may fail later, because values do not exist yet; one error is enough.
  if (isAsync) result.catch(() => {});
  throw new NnError(
    "NOT_A_TENSOR",
    isAsync
      ? `${what} gives a promise: take away async and await, because values do not exist yet while code is traced`
      : `${what} gives ${describe(result)}, not a tensor: return one`,
  );
}

function describe(result: unknown): string {
  if (result === undefined) return "nothing";
  if (typeof result !== "object" || result === null) return String(result);
  return Array.isArray(result) ? "a list" : `an object with ${Object.keys(result).join(", ") || "nothing in it"}`;
}

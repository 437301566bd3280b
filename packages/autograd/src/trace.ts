import { createProgram, type Program, type TensorType } from "@tributary/program";
import { AutogradError } from "./errors.ts";
import { buildGraph } from "./graph-conversion.ts";
import { Tensor } from "./tensor.ts";
import { traced } from "./trace-state.ts";
import { placeholder, type Value } from "./value.ts";

/** What {@link traceProgram} needs beside the function. */
export interface TraceDescription {
  readonly name: string;
  /** Inputs of the program by name, in this order. */
  readonly inputs: Readonly<Record<string, TensorType>>;
  /** For each output that overwrites an input, of the same type, the name of that input. */
  readonly replaces?: Readonly<Record<string, string>>;
}

/** A function of named tensors. */
export type TracedFunction = (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;

function outputValue(program: string, name: string, output: unknown): Value {
  if (output instanceof Tensor) return output.value;
  throw new AutogradError(
    "INVALID_TRACE",
    `Output ${name} of ${program} is ${String(output)}, not a tensor: return an object of tensors, and do not trace an async function`,
  );
}

/**
 * Runs a function once, on tensors that have no elements yet, and makes a program of what it recorded: equal operations
 * are merged, what no output needs is left out. The same function gives the same bytes.
 * Arrays made with `tensor()` that the function uses become literals (at most 4,096 elements each).
 * @throws AutogradError INVALID_TRACE, CONSTANT_TOO_LARGE, VALUE_IN_TRACE; ProgramError when a shape or name does not fit
 */
export function traceProgram(description: TraceDescription, body: TracedFunction): Program {
  const { name, inputs, replaces = {} } = description;
  const names = Object.keys(inputs);
  const values = Object.entries(inputs).map(([input, type]) => placeholder(type, input));
  const tensors = Object.fromEntries(values.map((value, index) => [names[index] ?? "", new Tensor(value)]));
  const outputs = traced(() => body(tensors));
  if (outputs instanceof Promise) outputValue(name, "of the function", outputs);
  const graph = buildGraph(
    values,
    Object.entries(outputs).map(([output, value]) => outputValue(name, output, value)),
  );
  const outputNames = Object.keys(outputs);
  const unknown = Object.keys(replaces).find((output) => !outputNames.includes(output));
  if (unknown !== undefined) {
    throw new AutogradError(
      "INVALID_TRACE",
      `Output ${unknown} of ${name} replaces ${replaces[unknown]}, but there is no such output among ${outputNames.join(", ")}`,
    );
  }
  return createProgram({
    name,
    graph,
    inputs: names,
    outputs: outputNames.map((output) => ({ name: output, replaces: replaces[output] ?? null })),
  });
}

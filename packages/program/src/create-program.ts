import { ProgramError } from "./errors.ts";
import { type Graph, valueTypes } from "./graph.ts";
import { PROGRAM_LIMITS, type ProgramLimits } from "./limits.ts";
import type { Program } from "./program.ts";
import { validateProgram } from "./validate-program.ts";

/** What {@link createProgram} needs beside the graph: names for its edges, in the graph's order. */
export interface ProgramDescription {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly replaces?: string | null }[];
}

function requireSameLength(role: string, names: number, edges: number): void {
  if (names === edges) return;
  throw new ProgramError(
    "EDGE_MISMATCH",
    `The graph has ${edges} ${role}, but ${names} names are given: name each of them once, in order`,
  );
}

/**
 * Names the edges of a graph, takes their types from it, and validates the whole.
 * @throws ProgramError EDGE_MISMATCH, VALUE_UNKNOWN, and those of {@link validateProgram}
 */
export function createProgram(description: ProgramDescription, limits: ProgramLimits = PROGRAM_LIMITS): Program {
  const { name, graph, inputs, outputs } = description;
  requireSameLength("inputs", inputs.length, graph.inputs.length);
  requireSameLength("outputs", outputs.length, graph.outputs.length);
  const types = valueTypes(graph);
  const program: Program = {
    name,
    graph,
    inputs: graph.inputs.map((type, place) => ({ ...type, name: inputs[place] ?? "" })),
    outputs: graph.outputs.map((id, place) => {
      const type = types[id];
      const output = outputs[place];
      if (type === undefined || output === undefined) {
        throw new ProgramError(
          "VALUE_UNKNOWN",
          `Output ${place} is value ${id}, which the graph does not have: mend it`,
        );
      }
      return { ...type, name: output.name, replaces: output.replaces ?? null };
    }),
  };
  return validateProgram(program, limits);
}

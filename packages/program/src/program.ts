import type { TensorType } from "./dtype.ts";
import type { Graph } from "./graph.ts";

/** A named input of a program; graph input number i is inputs[i]. */
export interface ProgramInput extends TensorType {
  readonly name: string;
}

/** A named output; graph output number i is outputs[i]. */
export interface ProgramOutput extends TensorType {
  readonly name: string;
  /** Name of the input, of the same type, whose buffer this output overwrites when the run is over. Null: a buffer of its own. */
  readonly replaces: string | null;
}

/** A graph with names at its edges: what a device compiles and what travels to a worker. */
export interface Program {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: readonly ProgramInput[];
  readonly outputs: readonly ProgramOutput[];
}

import { showType, type TensorType } from "@tributary/program";
import { AutogradError } from "./errors.ts";
import { recordLoop } from "./graph-conversion.ts";
import { capturedBy } from "./replay.ts";
import { Tensor } from "./tensor.ts";
import { traced } from "./trace-state.ts";
import { placeholder, type Value } from "./value.ts";

/** What {@link scan} goes over. */
export interface ScanInputs {
  /** Carries before the first turn. */
  readonly initial: readonly Tensor[];
  /** Arrays [T, ...], one slice of each a turn. At least one, unless `length` is given. */
  readonly sequences?: readonly Tensor[];
  /** Number of turns; by default the leading dimension of the sequences. */
  readonly length?: number;
  /** Whether time runs from the end. Stacks keep the position of their slice. Default false. */
  readonly reverse?: boolean;
}

/** One turn: carries and slices in, carries and what is stacked out. */
export type ScanBody = (
  carries: readonly Tensor[],
  slices: readonly Tensor[],
) => { readonly carries: readonly Tensor[]; readonly outputs?: readonly Tensor[] };

/** What a scan gives. */
export interface ScanResult {
  /** Carries after the last turn. */
  readonly carries: readonly Tensor[];
  /** Each output of the body with a leading time axis. */
  readonly stacks: readonly Tensor[];
}

function sliceType(sequence: Tensor): TensorType {
  return { dtype: sequence.dtype, shape: sequence.shape.slice(1) };
}

function turnsOf({ sequences = [], length }: ScanInputs): number {
  const turns = length ?? sequences[0]?.shape[0];
  if (turns === undefined) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      "scan: nothing says how many turns there are: give sequences or length",
    );
  }
  const odd = sequences.find((sequence) => sequence.shape[0] !== turns);
  if (odd === undefined) return turns;
  throw new AutogradError(
    "SHAPE_MISMATCH",
    `scan: ${turns} turns need sequences [${turns}, ...], but one is ${showType(odd.value)}: cut or pad it`,
  );
}

/**
 * A loop over time that becomes one operation of the program, however long it is. Its gradient is such a loop in reverse,
 * which keeps of each turn what it needs, and adds up the gradients of matrices that all turns multiply with in one product
 * behind it; it can be differentiated again.
 * @throws AutogradError INVALID_ARGUMENT, SHAPE_MISMATCH, VALUE_IN_TRACE; ProgramError SCAN_BODY_MISMATCH when a carry changes its type
 */
export function scan(inputs: ScanInputs, body: ScanBody): ScanResult {
  const { initial, sequences = [], reverse = false } = inputs;
  const length = turnsOf(inputs);
  const carries = initial.map(({ value }) => placeholder(value, "carry"));
  const slices = sequences.map((sequence) => placeholder(sliceType(sequence), "slice"));
  const wrap = (values: readonly Value[]): Tensor[] => values.map((value) => new Tensor(value));
  const turn = traced(() => body(wrap(carries), wrap(slices)));
  if (turn.carries.length !== initial.length) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `scan: there are ${initial.length} carries, but the body returned ${turn.carries.length}: return each, changed or not`,
    );
  }
  const outputs = [...turn.carries, ...(turn.outputs ?? [])].map(({ value }) => value);
  const own = [...carries, ...slices];
  const captured = capturedBy({ inputs: own, outputs });
  const results = recordLoop(
    { length, carries: carries.length, sliced: slices.length, reverse },
    [...[...initial, ...sequences].map(({ value }) => value), ...captured],
    { inputs: [...own, ...captured], outputs },
  );
  return {
    carries: wrap(results.slice(0, carries.length)),
    stacks: wrap(results.slice(carries.length, outputs.length)),
  };
}

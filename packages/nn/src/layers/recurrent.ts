import { concat, scan, stack, type Tensor, zeros } from "@tributary/autograd";
import { type Shape, shapesEqual, showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { Dropout } from "./dropout.ts";
import { requireForm, requireWhole } from "./sample-shape.ts";

/** Options of the recurrent layers, with PyTorch's defaults. */
export interface RecurrentOptions {
  /** Layers one upon another. Default 1. */
  readonly numLayers?: number;
  /** Whether there is a second direction, from the end, whose outputs are put behind the first's. Default false. */
  readonly bidirectional?: boolean;
  /** Whether input and output are [M, T, features] instead of [T, M, features]. Default false. */
  readonly batchFirst?: boolean;
  /** Default true. */
  readonly bias?: boolean;
  /** Share of elements dropped between the layers, in training. Default 0. */
  readonly dropout?: number;
  /** For the matrices of the input. Default: PyTorch's, U(+-1 / sqrt(hiddenSize)). */
  readonly weightInitialiser?: Initialiser;
  /** For the matrices of the state. Default as for the input. */
  readonly recurrentInitialiser?: Initialiser;
  /** Default as for the input. */
  readonly biasInitialiser?: Initialiser;
}

/** What a recurrent layer makes of a sequence. */
export interface RecurrentResult {
  /** The top layer's hidden state at each time: [T, M, directions x hiddenSize], or [M, T, ...] with batchFirst. */
  readonly output: Tensor;
  /** After the last time, [layers x directions, M, hiddenSize] each: the hidden state, and for an LSTM the cell state. */
  readonly states: readonly Tensor[];
}

/** Values of one layer's parameters in one direction, for one trace. */
export interface CellValues {
  /** [gates x hiddenSize, input] */
  readonly weightIh: Tensor;
  /** [gates x hiddenSize, hiddenSize] */
  readonly weightHh: Tensor;
  /** [gates x hiddenSize] */
  readonly biasIh: Tensor | null;
  /** [gates x hiddenSize] */
  readonly biasHh: Tensor | null;
}

/** What a kind of cell does. */
export interface CellKind {
  /** Its layer's name in messages. */
  readonly name: string;
  /** Blocks of hiddenSize rows in its matrices. */
  readonly gates: number;
  /** Tensors that go from one time to the next; the hidden state first. */
  readonly states: number;
  /** Added to the input's product for all times at once. */
  readonly inputBias: (cell: CellValues) => Tensor | null;
  /** One time. @param projected [M, gates x hiddenSize]: the input's product  @param states [M, hiddenSize] each */
  readonly step: (cell: CellValues, projected: Tensor, states: readonly Tensor[]) => readonly Tensor[];
}

interface Cell {
  readonly weightIh: Parameter;
  readonly weightHh: Parameter;
  readonly biasIh: Parameter | null;
  readonly biasHh: Parameter | null;
}

/** Equal parts of the last dimension. */
export function parts(x: Tensor, count: number): readonly Tensor[] {
  const size = x.size(-1) / count;
  return Array.from({ length: count }, (_, part) => x.narrow(-1, part * size, size));
}

/**
 * What RNN, GRU and LSTM have in common: layers, directions, initial and last states. The product with the input is one for
 * all times, before a loop in which only the product with the state and the gates are left.
 */
export abstract class Recurrent extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  readonly batchFirst: boolean;
  /** Between the layers; empty without dropout. */
  readonly dropouts: readonly Dropout[];
  readonly #kind: CellKind;
  /** By layer, then by direction. */
  readonly #cells: readonly (readonly Cell[])[];

  /** @throws NnError INVALID_OPTION */
  protected constructor(kind: CellKind, inputSize: number, hiddenSize: number, options: RecurrentOptions) {
    super();
    const { numLayers = 1, bidirectional = false, batchFirst = false, dropout = 0 } = options;
    requireWhole(kind.name, 1, { inputSize, hiddenSize, numLayers });
    requireOption(dropout >= 0 && dropout <= 1, kind.name, "dropout", dropout, "from 0 to 1");
    this.#kind = kind;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bidirectional = bidirectional;
    this.batchFirst = batchFirst;
    this.dropouts = dropout === 0 ? [] : Array.from({ length: numLayers - 1 }, () => new Dropout(dropout));
    this.#cells = Array.from({ length: numLayers }, (_, layer) =>
      Array.from({ length: bidirectional ? 2 : 1 }, (_, direction) => this.#makeCell(layer, direction, options)),
    );
  }

  #makeCell(layer: number, direction: number, options: RecurrentOptions): Cell {
    const rows = this.#kind.gates * this.hiddenSize;
    const columns = layer === 0 ? this.inputSize : this.hiddenSize * (this.bidirectional ? 2 : 1);
    const bound = 1 / Math.sqrt(this.hiddenSize);
    const {
      weightInitialiser = init.uniform(-bound, bound),
      recurrentInitialiser = weightInitialiser,
      biasInitialiser = init.uniform(-bound, bound),
    } = options;
    const bias = (): Parameter | null => (options.bias === false ? null : new Parameter([rows], biasInitialiser));
    const cell = {
      weightIh: new Parameter([rows, columns], weightInitialiser),
      weightHh: new Parameter([rows, this.hiddenSize], recurrentInitialiser),
      biasIh: bias(),
      biasHh: bias(),
    };
    const suffix = `l${layer}${direction === 1 ? "_reverse" : ""}`;
    // PyTorch's names, by which a module's parameters are found.
    Object.assign(this, {
      [`weight_ih_${suffix}`]: cell.weightIh,
      [`weight_hh_${suffix}`]: cell.weightHh,
      [`bias_ih_${suffix}`]: cell.biasIh,
      [`bias_hh_${suffix}`]: cell.biasHh,
    });
    return cell;
  }

  /** The output alone. @param initial as for {@link run}  @throws NnError SHAPE_MISMATCH */
  override forward(input: Tensor, ...initial: Tensor[]): Tensor {
    return this.run(input, ...initial).output;
  }

  /**
   * Output and last states.
   * @param input [T, M, inputSize], or [M, T, inputSize] with batchFirst
   * @param initial [layers x directions, M, hiddenSize] each, as the last states are; zeros if there are none
   * @throws NnError SHAPE_MISMATCH
   */
  run(input: Tensor, ...initial: readonly Tensor[]): RecurrentResult {
    const form = this.batchFirst ? ["samples", "times"] : ["times", "samples"];
    requireForm(this.#kind.name, input, [...form, this.inputSize]);
    const start = this.#firstStates(initial, input.size(this.batchFirst ? 0 : 1));
    // Times first within: a turn's slice is then a block of memory.
    let x = this.batchFirst ? input.transpose(0, 1) : input;
    const last: (readonly Tensor[])[] = [];
    for (const [layer, cells] of this.#cells.entries()) {
      const dropout = this.dropouts[layer - 1];
      if (dropout !== undefined) x = dropout.forward(x.transpose(0, 1)).transpose(0, 1);
      const results = cells.map((cell, direction) =>
        this.#loop(cell, x, start(last.length + direction), direction === 1),
      );
      last.push(...results.map(({ states }) => states));
      x = concat(
        results.map(({ output }) => output),
        2,
      );
    }
    const states = Array.from({ length: this.#kind.states }, (_, state) =>
      stack(last.flatMap((ofCell) => ofCell[state] ?? [])),
    );
    return { output: this.batchFirst ? x.transpose(0, 1) : x, states };
  }

  /** One layer in one direction. */
  #loop(cell: Cell, x: Tensor, initial: readonly Tensor[], reverse: boolean): RecurrentResult {
    const values: CellValues = {
      weightIh: cell.weightIh.value,
      weightHh: cell.weightHh.value,
      biasIh: cell.biasIh?.value ?? null,
      biasHh: cell.biasHh?.value ?? null,
    };
    const product = x.matmul(values.weightIh.t());
    const bias = this.#kind.inputBias(values);
    const projected = bias === null ? product : product.add(bias);
    const { carries, stacks } = scan({ initial, sequences: [projected], reverse }, (states, slices) => {
      const next = slices.flatMap((slice) => this.#kind.step(values, slice, states));
      return { carries: next, outputs: next.slice(0, 1) };
    });
    const [output = x] = stacks;
    return { output, states: carries };
  }

  /** The first states of each cell. */
  #firstStates(initial: readonly Tensor[], samples: number): (cell: number) => readonly Tensor[] {
    const { name, states } = this.#kind;
    const count = this.#cells.length * (this.bidirectional ? 2 : 1);
    const shape: Shape = [count, samples, this.hiddenSize];
    if (initial.length !== 0 && initial.length !== states) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `${name} takes ${states} initial states, or none for zeros, but got ${initial.length}`,
      );
    }
    const odd = initial.find((state) => !shapesEqual(state.shape, shape));
    if (odd !== undefined) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `${name} takes initial states ${showShape(shape)}, but got ${showShape(odd.shape)}: stack one state for each layer and direction`,
      );
    }
    if (initial.length > 0) return (cell) => initial.map((state) => state.select(0, cell));
    return () => Array.from({ length: states }, () => zeros([samples, this.hiddenSize]));
  }
}

/** Both biases together, for cells that add them at the same place. */
export function biasSum({ biasIh, biasHh }: CellValues): Tensor | null {
  return biasIh === null || biasHh === null ? null : biasIh.add(biasHh);
}

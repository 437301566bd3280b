import {
  elementCount,
  type Graph,
  type GraphNode,
  type TensorType,
  type ValueId,
  valueTypes,
} from "@tributary/program";
import { BodyBuilder, type Expression, isCheap, mapWindows } from "./expression.ts";
import { KernelList } from "./fusion.ts";
import type { OperandLayout } from "./hoisting.ts";
import type { Kernel, StorageId, View, Window } from "./ir.ts";
import { Makers } from "./pool-mask.ts";
import type { Storages } from "./storages.ts";
import { denseWindow, isDense } from "./window.ts";

/** A constant of at most this many equal elements is kept in memory rather than written there in every run. */
const STORED_CONSTANT_MAX = 1024;

/** A value on its way to memory: what it is, and how to compute each element. */
export interface LazyValue extends TensorType {
  readonly expression: Expression;
}

/** Numbers that must differ within a program. */
export interface Numbering {
  loops: number;
  carries: number;
}

/**
 * One graph while it is lowered: the program's own, or a scan's body. Values are expressions until something needs them in
 * memory.
 */
export class LoweringScope {
  readonly storages: Storages;
  readonly numbering: Numbering;
  readonly operands: OperandLayout;
  readonly list: KernelList;
  /** The nodes that have been lowered. */
  readonly makers = new Makers();
  readonly #types: readonly TensorType[];
  readonly #uses: readonly number[];
  readonly #expressions: Expression[];

  constructor(
    graph: Graph,
    inputs: readonly Expression[],
    storages: Storages,
    numbering: Numbering,
    operands: OperandLayout = "panels",
  ) {
    this.storages = storages;
    this.numbering = numbering;
    this.operands = operands;
    this.list = new KernelList(storages);
    this.#types = valueTypes(graph);
    this.#uses = countUses(graph, this.#types.length);
    this.#expressions = [...inputs];
  }

  get kernels(): readonly Kernel[] {
    return this.list.kernels;
  }

  /** How a value is computed. */
  value(id: ValueId): LazyValue {
    return { ...this.#types[id], expression: this.#expressions[id] };
  }

  /** How often a value is used by nodes and outputs. */
  uses(id: ValueId): number {
    return this.#uses[id];
  }

  /** Records the outputs of a node. A value that is dear to compute and has several users goes to memory at once. */
  define(node: GraphNode, expressions: readonly Expression[]): void {
    this.makers.note(node);
    for (const [index, expression] of expressions.entries()) {
      const id = node.firstOutput + index;
      this.#expressions[id] = expression;
      if (this.#uses[id] > 1 && expression.kind === "apply" && !isCheap(expression)) this.view(id);
    }
  }

  /** The value in memory, under whatever strides it has there. */
  view(id: ValueId): View {
    const view = this.store(this.value(id));
    this.#expressions[id] = this.load(view);
    return view;
  }

  /** The value in memory, its elements one after another in row-major order. */
  denseView(id: ValueId): View {
    const view = this.view(id);
    if (isDense(view.shape, view)) return view;
    const copy = this.storeDense(this.value(id));
    this.#expressions[id] = this.load(copy);
    return copy;
  }

  /** Brings a value to memory unless it is there. */
  store(value: LazyValue): View {
    const { expression } = value;
    if (expression.kind === "load") return { storage: expression.storage, shape: value.shape, ...expression.window };
    const count = elementCount(value.shape);
    if (expression.kind === "constant" && count <= STORED_CONSTANT_MAX) {
      const values = new Array<number>(count).fill(expression.value);
      return this.storages.dense(value.dtype, value.shape, { kind: "constant", values });
    }
    return this.storeDense(value);
  }

  /** Writes a value to a new storage in the arena. */
  storeDense(value: LazyValue): View {
    const view = this.storages.dense(value.dtype, value.shape);
    this.storeInto(value, view, view);
    return view;
  }

  /** Writes a value to a window of a storage. `ordered`: what was written there before must have been written first. */
  storeInto(value: LazyValue, target: { storage: number }, window: Window, options: { ordered?: boolean } = {}): void {
    if (elementCount(value.shape) === 0) return;
    const builder = new BodyBuilder(value.shape);
    builder.store(builder.expression(value.expression), target.storage, {
      offset: window.offset,
      strides: window.strides,
    });
    const body = builder.build();
    if (options.ordered) this.list.add({ kind: "map", body });
    else this.list.addMap(body);
  }

  /** The storage that holds this value and nothing else, if it may still become any memory; null when there is none. */
  ownStorage(value: LazyValue): StorageId | null {
    const { expression, shape } = value;
    if (expression.kind !== "load" || expression.window.offset !== 0 || !isDense(shape, expression.window)) return null;
    return this.storages.isFree(expression.storage, elementCount(shape)) ? expression.storage : null;
  }

  /** Reads a view. */
  load(view: View): Expression {
    return {
      kind: "load",
      dtype: this.storages.get(view.storage).dtype,
      storage: view.storage,
      window: { offset: view.offset, strides: view.strides },
    };
  }

  /** A value seen through other windows; brought to memory first if its expression cannot be seen so. */
  rearrange(id: ValueId, transform: (window: Window) => Window | null): Expression {
    const mapped = mapWindows(this.value(id).expression, transform);
    if (mapped !== null) return mapped;
    const view = this.denseView(id);
    const window = transform(denseWindow(view.shape, view.offset));
    if (window === null) throw new Error(`A dense tensor [${view.shape}] has no such view`);
    return { kind: "load", dtype: this.#types[id].dtype, storage: view.storage, window };
  }
}

function countUses(graph: Graph, values: number): number[] {
  const uses = new Array<number>(values).fill(0);
  for (const node of graph.nodes) for (const input of node.inputs) uses[input]++;
  for (const output of graph.outputs) uses[output]++;
  return uses;
}

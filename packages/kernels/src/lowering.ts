import type { Program } from "@tributary/program";
import type { OperandLayout } from "./hoisting.ts";
import type { KernelProgram, StorageId } from "./ir.ts";
import { lowerNode } from "./lowering-rules.ts";
import { LoweringScope } from "./lowering-scope.ts";
import { placeReplacements } from "./placement.ts";
import { pruneKernels } from "./pruning.ts";
import { simplify } from "./simplify.ts";
import { Storages } from "./storages.ts";
import { denseWindow, windowsEqual } from "./window.ts";

/** What a backend would like of its kernels. */
export interface LoweringOptions {
  /** How right sides of products lie that no turn of a scan changes. Default "panels". */
  readonly operands?: OperandLayout;
}

/**
 * Turns a valid program into kernels: elementwise chains are fused into what produces or consumes them, rearrangements become
 * strides, and outputs are written where they belong, onto the input that they replace whenever no later kernel
 * needs the old elements.
 */
export function lowerProgram(program: Program, { operands = "panels" }: LoweringOptions = {}): KernelProgram {
  const graph = simplify(program.graph);
  const storages = new Storages();
  const inputs = program.inputs.map(
    (input, index) => storages.dense(input.dtype, input.shape, { kind: "input", index }).storage,
  );
  const expressions = program.inputs.map((input, index) => ({
    kind: "load" as const,
    dtype: input.dtype,
    storage: inputs[index],
    window: denseWindow(input.shape),
  }));
  const scope = new LoweringScope(graph, expressions, storages, { loops: 0, carries: 0 }, operands);
  for (const node of graph.nodes) lowerNode(scope, node);
  const outputs = program.outputs.map((output, index) => {
    const replaced = program.inputs.findIndex((input) => input.name === output.replaces);
    return lowerOutput(scope, graph.outputs[index], index, replaced < 0 ? null : inputs[replaced]);
  });
  const placed = placeReplacements(storages, scope.kernels, outputs);
  return { storages: storages.all(), kernels: pruneKernels(storages, placed), outputs };
}

/** Brings an output to the storage that will be its buffer. @returns that storage */
function lowerOutput(scope: LoweringScope, id: number, index: number, replaced: StorageId | null): StorageId {
  const { storages } = scope;
  const value = scope.value(id);
  const { expression } = value;
  const unchanged = expression.kind === "load" && expression.storage === replaced;
  if (unchanged && windowsEqual(value.shape, expression.window, denseWindow(value.shape))) return replaced;
  const place = { kind: "output", index } as const;
  const own = scope.ownStorage(value);
  if (own !== null) {
    // The kernels that write this storage write the output.
    if (replaced === null) storages.move(own, place);
    else storages.replace(own, replaced);
    return own;
  }
  const target = storages.dense(value.dtype, value.shape, replaced === null ? place : { kind: "arena" });
  if (replaced !== null) storages.replace(target.storage, replaced);
  scope.storeInto(value, target, denseWindow(value.shape));
  return target.storage;
}

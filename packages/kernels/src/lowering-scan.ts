import { elementCount, type GraphNode, type NodeOf } from "@tributary/program";
import type { Expression } from "./expression.ts";
import { hoist } from "./hoisting.ts";
import type { ScanCarry } from "./ir.ts";
import { LoweringScope } from "./lowering-scope.ts";
import { denseWindow } from "./window.ts";

/**
 * A scan is a kernel that runs the kernels of its body once a turn. What the body reads of arrays and writes to stacks are
 * storages that move with the time; carries alternate between two storages so that a turn never overwrites what it reads.
 */
export function lowerScan(
  scope: LoweringScope,
  node: NodeOf<"scan">,
  lowerNode: (scope: LoweringScope, node: GraphNode) => void,
): readonly Expression[] {
  const { length, carries: carryCount, sliced, reverse, body } = node.attributes;
  if (length === 0) return emptyScan(scope, node);
  const { storages, numbering } = scope;
  const loop = numbering.loops++;
  const results = node.outputs.map((type) => storages.dense(type.dtype, type.shape));
  const carries: ScanCarry[] = [];
  const bodyInputs: Expression[] = [];
  for (const [position, id] of node.inputs.slice(0, carryCount).entries()) {
    const initial = scope.denseView(id);
    const count = elementCount(initial.shape);
    const { dtype } = node.outputs[position];
    const start =
      initial.offset === 0
        ? initial.storage
        : storages.add(dtype, count, { kind: "alias", storage: initial.storage, offset: initial.offset });
    const carry = numbering.carries++;
    const other = storages.add(dtype, count);
    carries.push({ carry, initial: start, last: results[position].storage, other });
    bodyInputs.push(scope.load(storages.dense(dtype, initial.shape, { kind: "carry", carry, side: "read" })));
  }
  for (const id of node.inputs.slice(carryCount, carryCount + sliced)) {
    const array = scope.view(id);
    const stride = array.strides[0];
    const turn = storages.add(scope.value(id).dtype, elementCount(array.shape.slice(1)), {
      kind: "turn",
      storage: array.storage,
      offset: array.offset,
      stride,
      loop,
    });
    bodyInputs.push(
      scope.load({ storage: turn, shape: array.shape.slice(1), offset: 0, strides: array.strides.slice(1) }),
    );
  }
  for (const id of node.inputs.slice(carryCount + sliced)) bodyInputs.push(scope.load(scope.view(id)));
  const outside = storages.count;
  const inner = new LoweringScope(body, bodyInputs, storages, numbering, scope.operands);
  for (const inside of body.nodes) lowerNode(inner, inside);
  for (const [position, id] of body.outputs.entries()) {
    const value = inner.value(id);
    const count = elementCount(value.shape);
    const place =
      position < carryCount
        ? ({ kind: "carry", carry: carries[position].carry, side: "write" } as const)
        : ({ kind: "turn", storage: results[position].storage, offset: 0, stride: count, loop } as const);
    const own = inner.ownStorage(value);
    if (own !== null && own >= outside) {
      storages.move(own, place);
      continue;
    }
    inner.storeInto(value, { storage: storages.add(value.dtype, count, place) }, denseWindow(value.shape));
  }
  const names = { loop, carries: new Set(carries.map(({ carry }) => carry)) };
  const { before, inside } = hoist(storages, inner.kernels, names, { length, operands: scope.operands });
  for (const kernel of before) scope.list.add(kernel);
  scope.list.add({ kind: "scan", loop, length, reverse, carries, kernels: inside });
  return results.map((view) => scope.load(view));
}

/** No turns: the carries stay what they were, and the stacks have no elements. */
function emptyScan(scope: LoweringScope, node: NodeOf<"scan">): readonly Expression[] {
  return node.outputs.map((type, position) =>
    position < node.attributes.carries
      ? scope.value(node.inputs[position]).expression
      : scope.load(scope.storages.dense(type.dtype, type.shape)),
  );
}

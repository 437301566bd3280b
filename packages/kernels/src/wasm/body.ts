import type { DType } from "@tributary/program";
import type { Body, Step } from "../ir.ts";
import type { FunctionBuilder } from "./assembler-function.ts";
import type { BodyAccess, KernelContext } from "./context.ts";
import { emitOperation } from "./scalar/operations.ts";
import { collectConstants, VectorCode, VectorConstants, type Vectors } from "./vector-code.ts";

/** A body whose constants wait in locals of the kernel's function. */
export interface PreparedBody {
  /** Emits all steps and stores for `vectors` adjacent vectors. */
  emit(vectors: number, access: BodyAccess): void;
  /**
   * Emits the steps, then hands those numbered `wanted` to `use`.
   * @param access its `store` is called for the body's stores, before `use`
   */
  emitFor(
    vectors: number,
    access: BodyAccess,
    wanted: readonly number[],
    use: (values: readonly Vectors[]) => void,
  ): void;
}

/** Sets the constants of a body, at a place of the function that comes before every use of the body and runs once. */
export function prepareBody(context: KernelContext, body: Body): PreparedBody {
  const collected = collectConstants((code, constants) => {
    const dummy = (): void => void code.i32x4(0);
    const access: BodyAccess = { load: dummy, index: dummy, result: dummy, store: () => {} };
    writeBody({ ...context, body: code }, body, 1, access, constants, [], () => {});
  });
  const constants = VectorConstants.hoist(context.body, collected);
  return {
    emit: (vectors, access) => writeBody(context, body, vectors, access, constants, [], () => {}),
    emitFor: (vectors, access, wanted, use) => writeBody(context, body, vectors, access, constants, wanted, use),
  };
}

type BodyContext = Pick<KernelContext, "features" | "routine" | "constantBytes"> & { readonly body: FunctionBuilder };

function writeBody(
  context: BodyContext,
  body: Body,
  vectors: number,
  access: BodyAccess,
  constants: VectorConstants,
  wanted: readonly number[],
  use: (values: readonly Vectors[]) => void,
): void {
  const v = new VectorCode(context.body, vectors, context.features, constants);
  const lastUses = lastUsesOf(body, wanted);
  const values: Vectors[] = [];
  for (const [number, step] of body.steps.entries()) {
    values[number] = v.scope(() => writeStep(v, context, body, step, number, values, access));
    const waiting = new Set(values.flatMap((value, other) => (lastUses[other] > number ? value : [])));
    for (const [done, last] of lastUses.entries()) {
      // A cast that changes nothing hands on its argument's locals.
      if (last === number) v.release(values[done].filter((local) => !waiting.has(local)));
    }
  }
  for (const [number, store] of body.stores.entries()) {
    for (let vector = 0; vector < vectors; vector++) access.store(number, vector, values[store.step][vector]);
  }
  use(wanted.map((number) => values[number]));
  for (const value of values) v.release(value);
}

function writeStep(
  v: VectorCode,
  context: BodyContext,
  body: Body,
  step: Step,
  number: number,
  values: readonly Vectors[],
  access: BodyAccess,
): Vectors {
  switch (step.kind) {
    case "load":
      return v.make((vector) => access.load(number, vector));
    case "index":
      return v.make((vector) => access.index(number, vector));
    case "result":
      return v.make((vector) => access.result(step.number, vector));
    case "constant":
      return constantVectors(v, step.dtype, step.value);
    case "apply": {
      const operand = body.steps[step.arguments[step.operation === "where" ? 1 : 0]].dtype;
      return emitOperation(v, context, step.operation, {
        arguments: step.arguments.map((argument) => values[argument]),
        operand,
        result: step.dtype,
      });
    }
    default:
      return step satisfies never;
  }
}

/** A literal in the form its dtype has in vectors; float16 literals are raw bits, as in buffers. */
function constantVectors(v: VectorCode, dtype: DType, value: number): Vectors {
  if (dtype === "float32") return v.float(value);
  return v.bits(dtype === "bool" ? (value === 0 ? 0 : -1) : value | 0);
}

/** For each step the number of the last step that needs it; stores and wanted values are needed to the end. */
function lastUsesOf(body: Body, wanted: readonly number[]): number[] {
  const last: number[] = body.steps.map(() => -1);
  for (const [number, step] of body.steps.entries()) {
    if (step.kind === "apply") for (const argument of step.arguments) last[argument] = number;
  }
  for (const store of body.stores) last[store.step] = body.steps.length;
  for (const number of wanted) last[number] = body.steps.length;
  return last;
}

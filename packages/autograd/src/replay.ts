import { partsOf, regionOf } from "./recording.ts";
import { record, recordCustom, stop, Value } from "./value.ts";

/** Records again what depends on something that is replaced; the rest is kept. */
class Replay {
  readonly #replaced: Map<Value, Value>;

  constructor(replacements: ReadonlyMap<Value, Value>) {
    this.#replaced = new Map(replacements);
  }

  after(value: Value): Value {
    return this.#replaced.get(value) ?? value;
  }

  add(value: Value): void {
    if (this.#replaced.has(value)) return;
    const { origin } = value;
    switch (origin.kind) {
      case "operation": {
        const inputs = this.#all(origin.inputs);
        if (inputs !== null) this.#replace(origin.outputs, record(origin.operation, origin.attributes, inputs));
        break;
      }
      case "stop": {
        const input = this.after(origin.input);
        if (input !== origin.input) this.#replaced.set(value, stop(input));
        break;
      }
      case "custom": {
        const parts = this.#all([...origin.inputs, ...origin.results]);
        if (parts === null) break;
        const [inputs, results] = [parts.slice(0, origin.inputs.length), parts.slice(origin.inputs.length)];
        this.#replace(origin.outputs, recordCustom(inputs, results, origin.gradient));
        break;
      }
      default:
    }
  }

  /** The values after their replacement, or null if none is replaced. */
  #all(values: readonly Value[]): Value[] | null {
    const after = values.map((value) => this.after(value));
    return after.some((value, position) => value !== values[position]) ? after : null;
  }

  #replace(before: readonly Value[], after: readonly Value[]): void {
    for (const [position, value] of before.entries()) this.#replaced.set(value, after[position] ?? value);
  }
}

/**
 * `outputs` as they would be had other values been there from the beginning. Gradients of its own and stopped ones stay so.
 * @param replacements what takes the place of a value
 */
export function replay(outputs: readonly Value[], replacements: ReadonlyMap<Value, Value>): Value[] {
  const again = new Replay(replacements);
  for (const value of regionOf(outputs, (each) => replacements.has(each), partsOf)) again.add(value);
  return outputs.map((output) => again.after(output));
}

/** A function of its inputs alone. */
export interface Trace {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** The same function with inputs that nothing else uses. */
export function closeTrace({ inputs, outputs }: Trace): Trace {
  const own = inputs.map((input) => new Value(input, { kind: "placeholder", name: "own" }));
  const replacements = new Map(inputs.flatMap((input, position) => (own[position] ? [[input, own[position]]] : [])));
  return { inputs: own, outputs: replay(outputs, replacements) };
}

/**
 * Values that `outputs` need and that do not depend on `inputs`: a loop computes them once. Operations without inputs are
 * not among them: a literal costs nothing inside.
 */
export function capturedBy({ inputs, outputs }: Trace): Value[] {
  const own = new Set(inputs);
  const inside = new Set<Value>();
  const depends = (value: Value): boolean => own.has(value) || inside.has(value);
  const region = regionOf(outputs, (value) => own.has(value), partsOf);
  for (const value of region) {
    const parts = partsOf(value);
    const isLiteral = value.origin.kind === "operation" && parts.length === 0;
    if (isLiteral || parts.some(depends)) inside.add(value);
  }
  const needed = new Set([...outputs, ...[...inside].flatMap(partsOf)]);
  return [...needed].filter((value) => !depends(value));
}

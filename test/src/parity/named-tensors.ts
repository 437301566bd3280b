import type { Tensor } from "@tributary/autograd";
import type { Values } from "./execution.ts";
import { type Fixture, ofKind } from "./fixture.ts";
import type { Tensors } from "./row.ts";

/** A fixture's tensors of some kinds, by "kind/name". */
export function valuesOf(fixture: Fixture, ...kinds: readonly string[]): Map<string, Values> {
  return new Map(
    kinds.flatMap((kind) =>
      [...ofKind(fixture, kind)].map(([name, { dtype, shape, data }]) => {
        return [`${kind}/${name}`, { type: { dtype, shape }, data }] as const;
      }),
    ),
  );
}

/** One number. */
export function scalar(value: number): Values {
  return { type: { dtype: "float32", shape: [] }, data: [value] };
}

/** A vector of zeros. */
export function zeroVector(length: number): Values {
  return { type: { dtype: "float32", shape: [length] }, data: new Float32Array(length) };
}

/** The tensors of one kind, by their names without it. */
export function named(tensors: Tensors, kind: string): Record<string, Tensor> {
  const prefix = `${kind}/`;
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
}

/** The same tensors by "kind/name". */
export function withKind(kind: string, tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${kind}/${name}`, tensor]));
}

/** Elements of all of them. */
export function elements(values: ReadonlyMap<string, Values>): number {
  return [...values.values()].reduce((count, { data }) => count + data.length, 0);
}

import { concat, type Tensor, zeros } from "@tributary/autograd";
import type { LayoutEntry } from "@tributary/program";

/** The tensors that lie in a flat vector, each as a view under its own shape. @param vector float32 [n] */
export function tensorsIn(vector: Tensor, entries: readonly LayoutEntry[]): Record<string, Tensor> {
  return Object.fromEntries(
    entries.map(({ name, shape, offset, length }) => [name, vector.narrow(0, offset, length).reshape(shape)]),
  );
}

/**
 * Puts tensors into a flat vector, each at its place, with zeros between.
 * @param tensors one for each entry, in the entries' order
 * @returns float32 [length]
 */
export function flatVector(entries: readonly LayoutEntry[], tensors: readonly Tensor[], length: number): Tensor {
  const pieces: Tensor[] = [];
  let position = 0;
  entries.forEach((entry, index) => {
    const tensor = tensors[index];
    if (tensor === undefined) throw new Error(`flat-vector: no tensor for ${entry.name}`);
    if (entry.offset > position) pieces.push(zeros([entry.offset - position]));
    pieces.push(tensor.reshape([entry.length]));
    position = entry.offset + entry.length;
  });
  if (length > position) pieces.push(zeros([length - position]));
  return pieces.length === 0 ? zeros([0]) : concat(pieces);
}

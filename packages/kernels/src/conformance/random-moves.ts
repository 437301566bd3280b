import { type DType, elementCount, type GraphBuilder, type Shape, type ValueId } from "@tributary/program";
import type { SeededRandom } from "./random.ts";

interface Movable {
  readonly id: ValueId;
  readonly dtype: DType;
  readonly shape: Shape;
}

type Move = (builder: GraphBuilder, random: SeededRandom, x: Movable) => ValueId;

function reshape(builder: GraphBuilder, random: SeededRandom, { id, shape }: Movable): ValueId {
  const choices: Shape[] = [[elementCount(shape)], [...shape].reverse(), [1, ...shape]];
  return builder.add("reshape", { shape: random.pick(choices.filter((choice) => choice.length <= 4)) }, [id]);
}

function permute(builder: GraphBuilder, random: SeededRandom, { id, shape }: Movable): ValueId {
  return builder.add("permute", { permutation: random.shuffled([...shape.keys()]) }, [id]);
}

function broadcast(builder: GraphBuilder, random: SeededRandom, { id, shape }: Movable): ValueId {
  const wide = shape.map((dimension) => (dimension === 1 ? random.integer(1, 5) : dimension));
  return builder.add("broadcast", { shape: shape.length < 4 ? [random.integer(1, 3), ...wide] : wide }, [id]);
}

function slice(builder: GraphBuilder, random: SeededRandom, { id, shape }: Movable): ValueId {
  const starts = shape.map((dimension) => random.integer(0, Math.min(1, dimension - 1)));
  const ends = shape.map((dimension, axis) => random.integer(starts[axis] + 1, dimension));
  const strides = shape.map(() => random.pick([1, 1, 1, 2, 3]));
  return builder.add("slice", { starts, ends, strides }, [id]);
}

function pad(builder: GraphBuilder, random: SeededRandom, { id, shape }: Movable): ValueId {
  const low = shape.map(() => random.integer(0, 2));
  const high = shape.map(() => random.integer(0, 2));
  const interior = shape.map(() => random.pick([0, 0, 1]));
  return builder.add("pad", { low, high, interior, value: random.pick([0, 1]) }, [id]);
}

function flip(builder: GraphBuilder, random: SeededRandom, { id, shape }: Movable): ValueId {
  return builder.add("flip", { axes: [...shape.keys()].filter(() => random.chance(0.5)) }, [id]);
}

const MOVES: readonly Move[] = [reshape, permute, broadcast, slice, pad, flip];

/** Adds one move of a value, which must have no dimension of 0, to a graph. */
export function randomMove(builder: GraphBuilder, random: SeededRandom, x: Movable): ValueId {
  return random.pick(MOVES)(builder, random, x);
}

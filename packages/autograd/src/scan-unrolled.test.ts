import { describe, expect, it } from "vitest";
import { checkpoint } from "./checkpoint.ts";
import { tensor } from "./creation.ts";
import { grad } from "./grad.ts";
import { concat, stack, where } from "./joining.ts";
import { type ScanBody, scan } from "./scan.ts";
import type { Tensor } from "./tensor.ts";

/** Numbers between -0.9 and 0.9 from a formula. */
function wave(shape: readonly number[], phase: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Array.from({ length: count }, (_, index) => 0.9 * Math.sin(2.399 * index + phase)),
    { shape },
  );
}

const xs = wave([4, 2, 3], 1);
const h = wave([2, 3], 2);
const w = wave([3, 3], 3);
const v = wave([3, 3], 4);
const b = wave([3], 5);
const index = tensor(Int32Array.of(0));

/** The loop, written out. */
function unrolled(initial: readonly Tensor[], sequences: readonly Tensor[], reverse: boolean, body: ScanBody) {
  let carries = initial;
  const outputs: (readonly Tensor[])[] = [];
  const turns = [0, 1, 2, 3];
  for (const turn of reverse ? turns.toReversed() : turns) {
    const made = body(
      carries,
      sequences.map((sequence) => sequence.select(0, turn)),
    );
    carries = made.carries;
    outputs.push(made.outputs ?? []);
  }
  const inOrder = reverse ? outputs.toReversed() : outputs;
  return {
    carries,
    stacks: (outputs[0] ?? []).map((_, output) => stack(inOrder.flatMap((each) => each[output] ?? []))),
  };
}

const BODIES: Readonly<Record<string, { readonly initial: readonly Tensor[]; readonly body: ScanBody }>> = {
  "a matrix on either side": {
    initial: [h],
    body: ([a], [x]) => {
      const next = a.matmul(w).add(w.matmul(x.t()).t()).tanh();
      return { carries: [next], outputs: [next.mul(x)] };
    },
  },
  "a matrix that is used twice, negated and transposed": {
    initial: [h],
    body: ([a], [x]) => ({ carries: [a.matmul(w).sub(x.matmul(w.t()).neg()).sigmoid()], outputs: [a.matmul(v)] }),
  },
  "bias, elementwise weight and relu": {
    initial: [h],
    body: ([a], [x]) => ({ carries: [a.mul(b).add(x).add(b).relu()], outputs: [x.mul(b.square()).sum(0)] }),
  },
  "two carries, of which one is an index": {
    initial: [h, index],
    body: ([a, i], [x]) => {
      const row = w.take(i.reshape([1]));
      const next = a.mul(row).add(x.exp().mul(0.1)).matmul(v);
      return { carries: [next, where(i.lt(2), i.add(1), i.mul(0))], outputs: [next.gelu()] };
    },
  },
  "a stopped carry, and computing again": {
    initial: [h],
    body: ([a], [x]) => {
      const next = checkpoint((z: Tensor) => z.matmul(w).tanh().mul(z.detach().exp()))(a.mul(0.5).add(x));
      return { carries: [next], outputs: [next.add(a.detach().matmul(v))] };
    },
  },
  "batched products": {
    initial: [h],
    body: ([a], [x]) => {
      const pair = stack([a, x]);
      const made = pair.matmul(pair.transpose(1, 2)).matmul(concat([b, b]).reshape([2, 3]).expand([2, 2, 3]));
      return { carries: [made.sum(0).tanh()], outputs: [made.matmul(w)] };
    },
  },
};

describe.each(Object.entries(BODIES))("the gradient of a loop with %s", (_, { initial, body }) => {
  it.each([false, true])("equals that of the loop written out, the second one too (reverse: %s)", async (reverse) => {
    const targets = [xs, h, w, v, b];
    const differentiate = ({ carries, stacks }: { carries: readonly Tensor[]; stacks: readonly Tensor[] }) => {
      const parts = [carries[0], ...stacks].map((value, part) => value.mul(wave(value.shape, 7 + part)).sum());
      const first = grad(
        parts.reduce((sum, part) => sum.add(part)),
        targets,
      );
      const mixed = first.map((value, part) =>
        value
          .mul(wave(value.shape, 11 + part))
          .square()
          .sum(),
      );
      return [
        ...first,
        ...grad(
          mixed.reduce((sum, part) => sum.add(part)),
          targets,
        ),
      ];
    };
    const expected = differentiate(unrolled(initial, [xs], reverse, body));
    const actual = differentiate(scan({ initial, sequences: [xs], reverse }, body));
    for (const [position, value] of expected.entries()) {
      const [left, right] = [await actual[position].data(), await value.data()];
      const size = Math.max(1, ...Array.from(right).map(Math.abs));
      for (const [element, number] of Array.from(right).entries()) {
        expect(Math.abs(left[element] - number), `result ${position}, element ${element}`).toBeLessThan(1e-5 * size);
      }
    }
  });
});

import { describe, expect, it } from "vitest";
import { arange, full, ones, tensor, zeros } from "./creation.ts";
import { grad } from "./grad.ts";
import { concat, stack, where } from "./joining.ts";
import type { Tensor } from "./tensor.ts";
import { traceProgram } from "./trace.ts";

// Expected numbers are PyTorch 1.13's unless a comment says how they were worked out.

async function near(actual: Tensor, expected: readonly number[], shape?: readonly number[]) {
  if (shape !== undefined) expect(actual.shape).toEqual(shape);
  const elements = [...(await actual.data())];
  expect(elements.length).toBe(expected.length);
  elements.forEach((element, index) => {
    if (Number.isFinite(expected[index]))
      expect(Math.abs(element - expected[index])).toBeLessThan(1e-6 + 1e-5 * Math.abs(expected[index]));
    else expect(element).toBe(expected[index]);
  });
}

const points = tensor([-2, -0.5, 0, 0.5, 3]);
const counting = arange(24, "float32").reshape([2, 3, 4]).div(10);

describe("functions of one element", () => {
  const rows: [string, (x: Tensor) => Tensor, number[], number[]][] = [
    ["relu", (x) => x.relu(), [0, 0, 0, 0.5, 3], [0, 0, 0, 1, 1]],
    [
      "sigmoid",
      (x) => x.sigmoid(),
      [0.1192029, 0.3775407, 0.5, 0.6224594, 0.9525741],
      [0.1049936, 0.2350037, 0.25, 0.2350037, 0.0451767],
    ],
    [
      "gelu",
      (x) => x.gelu(),
      [-0.0455001, -0.1542688, 0, 0.3457312, 2.9959502],
      [-0.0852319, 0.1325049, 0.5, 0.8674951, 1.0119456],
    ],
    ["clamp", (x) => x.clamp({ min: -0.5, max: 0.5 }), [-0.5, -0.5, 0, 0.5, 0.5], [0, 1, 1, 1, 0]],
    ["abs", (x) => x.abs(), [2, 0.5, 0, 0.5, 3], [-1, -1, 0, 1, 1]],
    [
      "tanh",
      (x) => x.tanh(),
      [-0.9640276, -0.4621172, 0, 0.4621172, 0.9950548],
      [0.0706508, 0.7864477, 1, 0.7864477, 0.009866],
    ],
  ];
  it.each(rows)("%s and its derivative are PyTorch's", async (_, f, values, derivatives) => {
    await near(f(points), values);
    await near(grad(f(points).sum(), [points])[0], derivatives);
  });
  it("sigmoid is finite, with its derivative, where e^x overflows", async () => {
    const x = tensor([-200, 200]);
    await near(x.sigmoid(), [0, 1]);
    await near(grad(x.sigmoid().sum(), [x])[0], [0, 0]);
  });
  it("relu keeps NaN", async () => {
    await near(tensor([Number.NaN]).relu(), [Number.NaN]);
  });
});

describe("corner cases of derivatives", () => {
  it("sqrt has an infinite derivative at 0", async () => {
    const x = tensor([0, 4]);
    await near(grad(x.sqrt().sum(), [x])[0], [Number.POSITIVE_INFINITY, 0.25]);
  });
  it("pow is flat where PyTorch's is", async () => {
    const a = tensor([0, 0, 2, 2, -2]);
    const b = tensor([0, 2, 0, 3, 2]);
    const [da, db] = grad(a.pow(b).sum(), [a, b]);
    await near(a.pow(b), [1, 0, 1, 8, 4]);
    await near(da, [0, 0, 0, 12, -4]);
    await near(db, [0, 0, Math.LN2, 5.5451775, Number.NaN]);
  });
  it("maximum and minimum share the derivative at a tie, and pass it to both at a NaN", async () => {
    const a = tensor([1, 2, 3, Number.NaN]);
    const b = tensor([1, 3, 2, 0]);
    const [up, down] = [grad(a.maximum(b).sum(), [a, b]), grad(a.minimum(b).sum(), [a, b])];
    await near(up[0], [0.5, 0, 1, 1]);
    await near(up[1], [0.5, 1, 0, 1]);
    await near(down[0], [0.5, 1, 0, 1]);
    await near(down[1], [0.5, 0, 1, 1]);
  });
  it("amax shares the derivative evenly between ties", async () => {
    const x = tensor([
      [3, 1, 3],
      [2, 2, 2],
    ]);
    await near(
      grad(
        x
          .amax(1)
          .mul(tensor([1, 3]))
          .sum(),
        [x],
      )[0],
      [0.5, 0, 0.5, 1, 1, 1],
    );
  });
  it("maxPool2d gives the derivative to the first of equals", async () => {
    const x = tensor([1, 1, 0, 1, 0, 2, 0, 2, 2]).reshape([1, 1, 3, 3]);
    const y = x.maxPool2d(2, { stride: 1 });
    await near(y, [1, 2, 2, 2]);
    await near(grad(y.sum(), [x])[0], [1, 0, 0, 0, 0, 2, 0, 1, 0]);
  });
});

describe("promotion", () => {
  it("int meets float32 as float32, a fraction makes an int tensor float32, an integer literal does not", () => {
    const integers = tensor([1, 2], { dtype: "int32" });
    expect(integers.add(tensor([0.5, 0.5])).dtype).toBe("float32");
    expect(integers.mul(0.5).dtype).toBe("float32");
    expect(integers.mul(2).dtype).toBe("int32");
  });
  it("division of integers is true division", async () => {
    await near(tensor(Uint8Array.of(51, 255)).div(255), [0.2, 1]);
  });
  it("other mixtures are refused, with both types", () => {
    expect(() => tensor(Int32Array.of(1)).add(tensor(Uint32Array.of(1)))).toThrow(
      /int32\[1\] and b is uint32\[1\].*\.to\(/,
    );
    expect(() => tensor([true]).add(1)).toThrow(/bool/);
  });
  it("to truncates towards 0", async () => {
    await near(tensor([-3.7, 2.5, 300, -1]).to("int32"), [-3, 2, 300, -1]);
  });
});

describe("broadcasting", () => {
  it("stretches by NumPy's rule and sums the derivative back", async () => {
    const column = tensor([[1], [2]]);
    const row = tensor([10, 20, 30]);
    await near(column.add(row), [11, 21, 31, 12, 22, 32], [2, 3]);
    const [dColumn, dRow] = grad(column.mul(row).sum(), [column, row]);
    await near(dColumn, [60, 60], [2, 1]);
    await near(dRow, [3, 3, 3], [3]);
  });
  it("shows both shapes when they do not go together", () => {
    expect(() => zeros([2, 3]).add(zeros([4]))).toThrow(/\[2, 3\] and b is \[4\]/);
  });
});

describe("reductions", () => {
  it("sum, mean and argmax take a dimension, several, or all", async () => {
    await near(counting.sum([0, 2]), [6, 9.2, 12.4], [3]);
    expect(counting.mean(-1, { keepdim: true }).shape).toEqual([2, 3, 1]);
    await near(counting.mean(), [1.15], []);
    await near(
      tensor([
        [1, 5, 5],
        [7, 0, 2],
      ]).argmax(1),
      [1, 0],
      [2],
    );
    await near(
      tensor([
        [1, 5, 5],
        [7, 0, 2],
      ]).argmax(),
      [3],
      [],
    );
    await near(tensor([3, -1, 2]).amin(), [-1], []);
    await near(tensor([true, false, true]).sum(), [2], []);
  });
  it("softmax and logSoftmax go along any dimension", async () => {
    const logits = tensor([
      [1, 2, 0.5],
      [-1, 0, 3],
    ]);
    await near(logits.softmax(0), [0.880797, 0.880797, 0.0758582, 0.119203, 0.119203, 0.9241418], [2, 3]);
    await near(logits.logSoftmax(1), [-1.4643688, -0.4643688, -1.9643688, -4.0658841, -3.0658839, -0.0658839]);
  });
  it("names dimensions that do not exist", () => {
    expect(() => counting.sum(3)).toThrow(/dimension 3 does not exist.*-3 \.\.\. 2/);
    expect(() => counting.sum([0, -3])).toThrow(/named twice/);
  });
});

describe("movement", () => {
  it("slices as Python does", async () => {
    await near(counting.slice(1, -2).slice(2, 1, 4, 2), [0.5, 0.7, 0.9, 1.1, 1.7, 1.9, 2.1, 2.3], [2, 2, 2]);
    await near(counting.select(0, -1).narrow(0, 1, 1), [1.6, 1.7, 1.8, 1.9], [1, 4]);
  });
  it("reshapes with one dimension left open, and refuses what does not fill", () => {
    expect(counting.reshape([-1, 6]).shape).toEqual([4, 6]);
    expect(counting.flatten(1).shape).toEqual([2, 12]);
    expect(counting.unsqueeze(-1).squeeze().shape).toEqual([2, 3, 4]);
    expect(() => counting.reshape([5, -1])).toThrow(/24 elements, which do not fill \[5, -1\]/);
  });
  it("permutes, expands, flips, pads, joins", async () => {
    expect(counting.permute([2, 0, 1]).shape).toEqual([4, 2, 3]);
    expect(counting.transpose(0, -1).shape).toEqual([4, 3, 2]);
    await near(tensor([[1], [2]]).expand([-1, 2]), [1, 1, 2, 2], [2, 2]);
    await near(tensor([1, 2, 3]).flip([0]), [3, 2, 1]);
    await near(tensor([[1, 2]]).pad([1, 0, 0, 1], 9), [9, 1, 2, 9, 9, 9], [2, 3]);
    await near(concat([tensor([1]), tensor([2, 3])]), [1, 2, 3]);
    await near(stack([tensor([1, 2]), tensor([3, 4])], 1), [1, 3, 2, 4], [2, 2]);
  });
});

describe("products", () => {
  const a = arange(12, "float32").reshape([2, 1, 2, 3]);
  const b = arange(18, "float32").reshape([3, 3, 2]).div(3);
  const v = tensor([1, -1, 2]);
  it("matmul takes vectors, matrices and batches", async () => {
    expect(a.matmul(b).shape).toEqual([2, 3, 2, 2]);
    await near(a.matmul(b).sum(), [1154]);
    await near(a.matmul(b).select(0, 1).select(0, 2), [298 / 3, 319 / 3, 424 / 3, 454 / 3]);
    await near(v.matmul(b), [2, 2.6666667, 6, 6.6666667, 10, 10.6666667], [3, 2]);
    await near(a.matmul(v), [3, 9, 15, 21], [2, 1, 2]);
    await near(v.matmul(v), [6], []);
  });
  it("a transposed operand is multiplied as it lies: nothing moves it first", () => {
    const inputs = { x: { dtype: "float32", shape: [4, 3] }, w: { dtype: "float32", shape: [5, 3] } } as const;
    const program = traceProgram({ name: "product", inputs }, ({ x, w }) => ({ y: x.matmul(w.t()) }));
    expect(program.graph.nodes).toMatchObject([
      { operation: "matmul", attributes: { transposeA: false, transposeB: true }, inputs: [0, 1] },
    ]);
  });
  it("matmul shows both shapes when the inner dimensions differ", () => {
    expect(() => zeros([2, 3]).matmul(zeros([4, 2]))).toThrow(/a is \[2, 3\] and b is \[4, 2\]/);
  });
  it("conv2d takes padding same, strides, dilation and groups", async () => {
    const x = arange(32, "float32").reshape([1, 2, 4, 4]).div(16);
    const kernel = arange(16, "float32").reshape([2, 2, 2, 2]).sub(8).div(8);
    const same = x.conv2d(kernel, { padding: "same" });
    expect(same.shape).toEqual([1, 2, 4, 4]);
    await near(
      same.slice(2, 2).slice(3, 2),
      [-4.625, -2.71875, -3.359375, -1.90625, 5.625, 2.53125, 2.265625, 0.96875],
    );
    const grouped = x.conv2d(kernel.slice(1, 0, 1), { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2 });
    await near(
      grouped,
      [
        -0.078125, -0.1640625, -1.34375, -1.546875, -1.515625, -1.6328125, 0.671875, 0.7109375, 1.15625, 1.203125,
        0.234375, 0.2421875,
      ],
    );
  });
});

describe("indexing", () => {
  it("gather reads along a dimension", async () => {
    const index = tensor(Int32Array.of(2, 0, 1, 1, 0, 0, 2, 1)).reshape([2, 1, 4]);
    await near(counting.gather(1, index), [0.8, 0.1, 0.6, 0.7, 1.2, 1.3, 2.2, 1.9], [2, 1, 4]);
  });
  it("take reads rows, scatterAdd adds where an index says", async () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    await near(table.take(tensor(Int32Array.of(1, 1, 0))), [3, 4, 3, 4, 1, 2], [3, 2]);
    await near(zeros([3]).scatterAdd(0, tensor(Int32Array.of(2, 2)).pad([0, 1]), ones([3])), [1, 0, 2]);
  });
  it("where chooses with broadcasting", async () => {
    await near(where(tensor([true, false]), tensor([[1], [2]]), 0), [1, 0, 2, 0], [2, 2]);
    expect(() => where(tensor([1, 0]), 1, 0)).toThrow(/must be bool/);
  });
  it("softmaxCrossEntropy is the loss of each row", async () => {
    const logits = tensor([
      [1, 2, 0.5],
      [-1, 0, 3],
    ]);
    const losses = logits.softmaxCrossEntropy(tensor(Int32Array.of(2, 0)));
    await near(losses, [1.9643688, 4.0658841]);
    await near(grad(losses.sum(), [logits])[0], [0.2312239, 0.6285317, -0.8597556, -0.9828522, 0.0466126, 0.9362395]);
  });
});

describe("values", () => {
  it("data belongs to the caller: changing it changes nothing", async () => {
    const x = tensor([1, 2]);
    (await x.data())[0] = 7;
    await near(x, [1, 2]);
  });
  it("a list is copied, ragged lists are refused", async () => {
    expect(() => tensor([[1], [2, 3]])).toThrow(/\[1\] and \[2\]/);
    expect(() => tensor([1, 2], { shape: [3] })).toThrow(/2 elements do not fill \[3\]/);
  });
  it("is no number: operators of the language throw, instead of seeing NaN", () => {
    const scalar: unknown = full([], 2);
    const asNumber = (value: unknown) => value as number;
    for (const use of [
      () => asNumber(scalar) > 1,
      () => asNumber(scalar) + 1,
      () => -asNumber(scalar),
      () => Math.max(asNumber(scalar), 1),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: "NOT_A_NUMBER" }));
    }
    expect(`${full([2], 1)}`).toBe("Tensor float32[2]");
  });
  it("item is the only element", async () => {
    expect(await full([1, 1], 2.5).item()).toBe(2.5);
    expect(() => zeros([2]).item()).toThrow(/2 elements/);
  });
});

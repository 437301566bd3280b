import { grad, randomKey, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel, initialiseModel } from "../binding.ts";
import type { Module } from "../module.ts";
import { expectNear } from "../testing/expect-near.ts";
import { pattern, patternValues } from "../testing/patterns.ts";
import { MultiheadAttention, scaledDotProductAttention } from "./attention.ts";
import { TransformerBlock } from "./transformer-block.ts";

async function check(
  model: Module,
  given: Record<string, Tensor>,
  forward: () => Tensor,
  tensors: Record<string, Tensor>,
  expected: Record<string, readonly number[]>,
) {
  const output = bindModel(model, { tensors, training: false }, forward).result;
  const loss = output.mul(pattern(output.shape, 3, 11, 4, 4)).sum();
  const all = { ...given, ...tensors };
  const gradients = grad(loss, Object.values(all));
  const found = Object.fromEntries(gradients.map((gradient, index) => [`d${Object.keys(all)[index]}`, gradient]));
  expect(["output", ...Object.keys(found)]).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries({ output, ...found }))
    await expectNear(tensor, expected[name], { name, absolute: 5e-6 });
}

const causal = tensor([
  [false, true, true],
  [false, false, true],
  [false, false, false],
]);

/** Numbers from PyTorch in float64: the output, and the derivatives of its weighted sum. */
describe("attention has PyTorch's outputs and derivatives", () => {
  it("MultiheadAttention of a sequence with itself, with padding and a causal mask", async () => {
    const layer = new MultiheadAttention(4, 2, { batchFirst: true });
    const x = pattern([2, 3, 4], 7, 13, 6, 8);
    const keyPaddingMask = tensor([
      [false, false, true],
      [false, false, false],
    ]);
    const expected = {
      output: [
        -0.3530273, 0.3012695, -0.1069336, 0.5473633, -0.305801, 0.354402, -0.0478951, 0.6123078, -0.3059005, 0.354324,
        -0.04795149, 0.612273, -0.265625, 0.3476562, -0.1015625, 0.5117188, -0.217277, 0.401917, -0.04138903, 0.577805,
        -0.1685382, 0.4566617, 0.01936148, 0.6445613,
      ],
      dx: [
        0.7421101, 0.07102402, -0.451113, 0.3975712, 0.2626253, 0.03815676, -0.1014332, 0.1610966, 1.698554e-5,
        1.719742e-5, -0.0001738928, 0.0001745183, 0.0872539, 0.09593032, 0.3280557, 0.151676, 0.02683458, 0.05884798,
        0.2011622, 0.08434653, -0.0651467, 0.001816361, 0.06708186, -0.0329043,
      ],
      din_proj_weight: [
        -0.000264865, 0.0006261122, -0.000570426, 0.0003205512, 0.000370811, -0.000876557, 0.0007985963, -0.0004487717,
        -0.0005335373, 0.0001233432, -0.0004366396, 0.0002202409, 0.0008003059, -0.0001850148, 0.0006549594,
        -0.0003303613, -0.004179898, -0.004179898, -0.004179898, -0.004179898, 0.0002654351, 0.0002654351, 0.0002654351,
        0.0002654351, 0.0008570566, 0.0008570566, 0.0008570566, 0.0008570566, -0.0002473039, -0.0002473039,
        -0.0002473039, -0.0002473039, -0.3860355, 0.7350583, -0.4797855, 0.6413083, -0.9109104, 0.01682402, -0.7058322,
        0.2219021, -0.4434064, 0.656203, -0.5039532, 0.5956561, -0.9687087, -0.06245875, -0.7304275, 0.1758225,
      ],
      din_proj_bias: [
        -0.002444488, 0.003422283, 0.0007751815, -0.001162772, 0, -1.344411e-17, -1.734723e-18, 3.469447e-18, -0.75,
        1.640625, -0.484375, 1.90625,
      ],
      "dout_proj.weight": [
        -0.3060364, -0.9368255, 1.218698, 0.5865104, -0.912492, -0.1677774, -0.4281544, 0.3151666, -0.2851821,
        0.7470833, -1.537, -0.5031581, 0.7866723, 0.8703357, -0.6697862, -0.585477,
      ],
      "dout_proj.bias": [-2.25, 2.25, 4, 0.25],
    };
    const tensors = patternValues(layer);
    const masked = () => layer.attend(x, x, x, { keyPaddingMask, attentionMask: causal });
    await check(layer, { x }, masked, tensors, expected);
    await check(layer, { x }, () => layer.attend(x, x, x, { keyPaddingMask, causal: true }), tensors, expected);
  });
  it("MultiheadAttention of queries with keys and values of another length", async () => {
    const layer = new MultiheadAttention(4, 2);
    const q = pattern([2, 2, 4], 7, 13, 6, 8);
    const k = pattern([2, 3, 4], 5, 11, 5, 8);
    const v = pattern([2, 3, 4], 3, 7, 3, 8);
    const first = (x: Tensor) => x.transpose(0, 1);
    const forward = () => first(layer.forward(first(q), first(k), first(v)));
    await check(layer, { q, k, v }, forward, patternValues(layer), {
      output: [
        -0.1812727, 0.4515179, 0.02180852, 0.6545991, -0.1802629, 0.4517115, 0.02118585, 0.6531602, -0.2379652,
        0.4331642, 0.04179347, 0.7129228, -0.24167, 0.4307901, 0.04075025, 0.7132104,
      ],
      dq: [
        -0.008317468, -0.01052179, -0.002312102, 0.008578834, -0.008269169, -0.01160973, -0.003378229, 0.009622193,
        -0.0001087324, -0.0002143263, 0.0003140148, 0.0003027741, -7.729303e-5, -0.000243088, -0.0004723999,
        0.001451213,
      ],
      dk: [
        0.01097024, -0.005514491, -0.002708713, -0.002292685, 0.0001188403, -0.005105107, 0.0002340367, 0.007485241,
        -0.01108908, 0.0106196, 0.002474677, -0.005192556, 0.0003383355, -0.003286089, -0.0009351233, 0.0005939173,
        -0.0003435891, 0.001279327, 0.0003347757, 0.0007262517, 5.25361e-6, 0.002006762, 0.0006003476, -0.001320169,
      ],
      dv: [
        0.3771495, 0.04955392, -0.2001252, 0.2122139, 0.3509581, 0.03647315, -0.1804951, 0.1991143, 0.3500174,
        0.03897293, -0.1818796, 0.1980468, -0.005082965, 0.01106586, 0.05081787, 0.0108887, -0.005871451, 0.01041584,
        0.04879338, 0.009747072, -0.006623708, 0.009768306, 0.04687313, 0.008661102,
      ],
      din_proj_weight: [
        -0.01918194, 0.006912141, -0.01513475, 0.01095934, -0.01130267, 0.005720918, -0.009317988, 0.007705602,
        0.02825846, -0.01160957, 0.02255378, -0.01731425, 0.01294591, -0.005727175, 0.0102922, -0.008380881,
        -0.002636845, 0.007700908, 0.007700908, 0.007700908, -0.008556181, 0.006070247, 0.006070247, 0.006070247,
        0.01295956, -0.002751813, -0.002751813, -0.002751813, -0.002345496, 0.0007471199, 0.0007471199, 0.0007471199,
        -0.03470697, 0.04144938, 0.05350565, -0.03478014, -0.07601365, 0.0565359, 0.189559, -0.1206665, -0.03829254,
        0.04398423, 0.06672316, -0.04529704, -0.07230324, 0.055756, 0.2015703, -0.1303995,
      ],
      din_proj_bias: [
        0.03237757, 0.01587747, -0.04563748, -0.02122964, -1.734723e-18, 6.505213e-19, 1.517883e-18, -2.222614e-18,
        0.0625, 1.46875, 0.21875, 1.625,
      ],
      "dout_proj.weight": [
        0.5507942, -0.5490214, 0.9822159, -0.1175972, -0.0991189, 0.1111179, -0.1029737, 0.1074926, -0.749032,
        0.7712572, -1.188163, 0.3325824, -0.2524061, 0.2186158, -0.714963, -0.2434434,
      ],
      "dout_proj.bias": [-2.5, 0.5, 3.5, 1],
    });
  });
  it("TransformerBlock, as TransformerEncoderLayer with the normalisation in front", async () => {
    const layer = new TransformerBlock(4, 2, { hidden: 6 });
    const x = pattern([2, 3, 4], 7, 13, 6, 8);
    await check(layer, { x }, () => layer.forward(x), patternValues(layer), {
      output: [
        -1.402165, 0.2266744, -0.8319864, 0.7968527, -1.152165, 0.4766744, -0.5819864, 1.046853, -0.9021647, 0.7266744,
        -0.3319864, 1.296853, -1.621395, -1.747268, -1.310641, -1.436514, -1.371395, -1.497268, -1.060641, -1.186514,
        -1.121395, -1.247268, -0.8106409, -0.9365137,
      ],
      dx: [
        -1.36664, -0.3652518, 0.9356986, 1.296193, -0.9283576, -0.01777243, 0.9571082, 1.489022, -0.4804415, 0.2494873,
        0.9775978, -0.9966436, -1.414011, 0.2744926, 2.118035, -0.2285162, -1.944831, 0.4581651, 2.921854, 0.3148123,
        0.300217, 1.007612, -1.040576, -0.2672528,
      ],
      "dself_attn.in_proj_weight": [
        4.138057e-18, -5.759997e-19, -1.269858e-18, 3.021421e-18, 1.827161e-17, -3.450242e-18, -4.860066e-18,
        1.278086e-17, 9.154979e-22, -4.699776e-21, 3.485171e-21, -2.156129e-21, -2.963114e-20, 1.521136e-19,
        -1.128015e-19, 6.978559e-20, 5.503084e-18, -1.252082e-18, -1.28838e-18, 3.717827e-18, -9.75559e-18,
        1.775611e-18, 2.6497e-18, -6.86507e-18, -2.509244e-20, 1.288139e-19, -9.552337e-20, 5.909631e-20, 2.451006e-20,
        -1.258242e-19, 9.330632e-20, -5.772471e-20, 0.305707, -0.1673585, 0.008985626, 0.1461143, -0.9107184,
        -0.2704372, 0.6066419, -0.9103406, 0.1705486, -0.1788117, 0.07539188, 0.02873039, -1.045877, -0.2818903,
        0.6730481, -1.027724,
      ],
      "dself_attn.in_proj_bias": [
        -5.07943e-18, -1.944026e-17, 1.394068e-20, -4.512062e-19, -5.153521e-18, 1.05988e-17, -3.820935e-19,
        3.732253e-19, 0.0359425, 2.426568, 0.3015675, 2.692193,
      ],
      "dself_attn.out_proj.weight": [
        1.09161, -0.3946084, 2.799153, 1.312935, -0.1990368, 0.2507777, -1.71559, -1.265775, -1.193531, 0.5329168,
        -3.744327, -2.01788, -0.5856703, -0.009106462, -0.01357005, 0.5629938,
      ],
      "dself_attn.out_proj.bias": [-4.780608, 1.975507, 5.853269, 1.201832],
      "dlinear1.weight": [
        0.4707638, -0.07706186, -0.1131076, -0.2129692, 1.068054, -0.2448058, 0.08016067, -0.6231184, 1.019548,
        -0.2251763, 0.03555267, -0.5777962, 0.9572191, -0.2028724, -0.007715441, -0.5253971, 0.7922151, -0.153119,
        -0.07753558, -0.4052648, 0.695119, -0.126773, -0.1045126, -0.3404359,
      ],
      "dlinear1.bias": [-0.6164949, -1.958447, -1.801411, -1.622979, -1.224952, -1.014184],
      "dlinear2.weight": [
        0.3695276, -0.4615791, -0.2409879, -0.05429559, 0.2090326, 0.2943334, -0.08021758, 1.547918, 1.248932,
        0.9673637, 0.4678846, 0.2599507, -0.4319191, 1.665515, 1.21238, 0.8066896, 0.1548776, -0.09214953, -0.233932,
        -0.6729393, -0.6451866, -0.6026792, -0.474504, -0.4022265,
      ],
      "dlinear2.bias": [-2.25, 2.25, 4, 0.25],
      "dnorm1.weight": [-0.5362337, -0.08699978, 0.3688431, 0.2242849],
      "dnorm1.bias": [1.741411, 0.265625, -0.6457075, 1.059377],
      "dnorm2.weight": [0.580836, 0.7372553, -1.230194, -0.02853247],
      "dnorm2.bias": [2.844175, -1.470497, -1.789962, 0.2696543],
    });
  });
});

describe("scaledDotProductAttention", () => {
  const value = tensor([
    [1, 2],
    [3, 6],
  ]);
  it("is the mean of the values where all scores are equal", async () => {
    const zero = tensor([[0, 0]]);
    const keys = tensor([
      [1, 0],
      [0, 1],
    ]);
    expect([...(await scaledDotProductAttention(zero, keys, value).data())]).toEqual([2, 4]);
  });
  it("divides scores by the root of the width, takes a mask of bool or of numbers, and a scale", async () => {
    const query = tensor([[2, 0]]);
    const keys = tensor([
      [Math.SQRT1_2 * Math.log(3), 0],
      [0, 0],
    ]);
    // Scores ln 3 and 0: shares 3/4 and 1/4.
    await expectNear(scaledDotProductAttention(query, keys, value), [1.5, 3], { name: "plain", absolute: 5e-6 });
    const hidden = scaledDotProductAttention(query, keys, value, { mask: tensor([[false, true]]) });
    expect([...(await hidden.data())]).toEqual([3, 6]);
    const added = scaledDotProductAttention(query, keys, value, { mask: tensor([[0, Math.log(3)]]) });
    await expectNear(added, [2, 4], { name: "added", absolute: 5e-6 });
    await expectNear(scaledDotProductAttention(query, keys, value, { scale: 0 }), [2, 4], {
      name: "scaled",
      absolute: 5e-6,
    });
  });
  it("says what does not fit", () => {
    expect(() => scaledDotProductAttention(tensor([[1]]), value, value)).toThrow(/queries \[\.\.\., T, D\]/);
  });
});

describe("MultiheadAttention and TransformerBlock", () => {
  it("have PyTorch's names, in its order", () => {
    const attention = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"];
    expect(new MultiheadAttention(4, 2).namedParameters().map(([name]) => name)).toEqual(attention);
    expect(new TransformerBlock(4, 2).namedParameters().map(([name]) => name)).toEqual([
      ...attention.map((name) => `self_attn.${name}`),
      ...["linear1", "linear2", "norm1", "norm2"].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    ]);
  });
  it("start as in GPT-2 when the depth is given", async () => {
    const started = initialiseModel(new TransformerBlock(32, 4, { depth: 8 }), randomKey(2));
    const deviation = async (name: string) => {
      const elements = Array.from(await started[name].data());
      return Math.sqrt(elements.reduce((sum, each) => sum + each * each, 0) / elements.length);
    };
    // At least 1024 numbers each: the deviation is known within 10 percent (five standard errors).
    for (const name of ["self_attn.in_proj_weight", "linear1.weight"]) {
      expect(Math.abs((await deviation(name)) / 0.02 - 1)).toBeLessThan(0.12);
    }
    for (const name of ["self_attn.out_proj.weight", "linear2.weight"]) {
      expect(Math.abs((await deviation(name)) / 0.005 - 1)).toBeLessThan(0.12);
    }
    expect(await deviation("linear1.bias")).toBe(0);
  });
  it("say what they take", () => {
    expect(() => new MultiheadAttention(6, 4)).toThrow(/heads is 4, but must be a divisor of the width 6/);
    const layer = new TransformerBlock(4, 2);
    const x = pattern([1, 2, 5], 1, 2, 0, 1);
    const run = () =>
      bindModel(layer, { tensors: patternValues(layer), training: false }, () => layer.self_attn.forward(x));
    expect(run).toThrow(/MultiheadAttention takes \[samples, places, 4\], but got \[1, 2, 5\]/);
  });
});

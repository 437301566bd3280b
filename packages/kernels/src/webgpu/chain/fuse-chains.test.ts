import { describe, expect, it } from "vitest";
import type { Kernel } from "../../ir.ts";
import type { GpuKernel } from "../kernel-code.ts";
import { fuseChains } from "./fuse-chains.ts";
import { KernelBench } from "./testing/kernels.ts";

const features = { storageBuffers: 8 };

function fused(bench: KernelBench, kernels: readonly Kernel[]): readonly GpuKernel[] {
  return fuseChains(bench.table, kernels, features);
}

/** Kinds of kernels; a chain's with the number of its parts. */
function forms(kernels: readonly GpuKernel[]): string[] {
  return kernels.map((kernel) =>
    kernel.kind === "chain" ? `${kernel.groups} x ${kernel.kernels.map(({ kind }) => kind).join(" ")}` : kernel.kind,
  );
}

/** x - mean(x) over rows of 128, twice: what a normalisation is made of. */
function centred(bench: KernelBench, rows: number): Kernel[] {
  const [x, means, y, sums, z] = [
    bench.input(0, rows, 128),
    bench.tensor(rows),
    bench.tensor(rows, 128),
    bench.tensor(rows),
    bench.tensor(rows, 128),
  ];
  const wide = (of: typeof means) => ({ ...bench.view(of), shape: [rows, 128], strides: [1, 0] });
  return [bench.sum(means, x, 1), bench.map(y, x, wide(means)), bench.sum(sums, y, 1), bench.map(z, y, wide(sums))];
}

describe("joining kernels into chains", () => {
  it("a normalisation of rows is one dispatch, 1024 elements a part", () => {
    // 2048 x 128 = 2 ** 18 elements for 256 parts.
    const bench = new KernelBench();
    const [chain] = fused(bench, centred(bench, 2048));
    expect(forms([chain])).toEqual(["256 x reduce map reduce map"]);
    if (chain.kind !== "chain" || chain.kernels[1].kind !== "map") throw new Error("There is no chain with a map");
    expect(chain.kernels[1].body.shape).toEqual([8, 128]);
    // What one part writes is 8 rows behind the part before.
    const { place } = bench.table.all[chain.kernels[1].body.stores[0].storage];
    expect(place).toMatchObject({ kind: "turn", offset: 0, stride: 1024, loop: chain.digits[0].loop });
  });

  it("a big product stays alone, and what stands on both sides of it makes two chains", () => {
    const bench = new KernelBench();
    const [x, y, w, z] = [
      bench.tensor(2048, 128),
      bench.tensor(2048, 512),
      bench.input(1, 128, 512),
      bench.tensor(2048, 512),
    ];
    const [a, b, c] = [bench.tensor(2048, 128), bench.tensor(2048, 512), bench.tensor(2048, 512)];
    const kernels = [
      bench.map(a, x),
      bench.map(x, a),
      bench.matmul(y, x, w),
      bench.softmax(z, y),
      bench.map(b, z),
      bench.map(c, b),
    ];
    const [first, product, last] = forms(fused(bench, kernels));
    expect(product).toBe("contract");
    expect([first, last]).toEqual([expect.stringContaining("x map map"), expect.stringContaining("x rows map map")]);
  });

  it("an attention is one dispatch: scores, softmax, values by batch, head and 16 rows", () => {
    const bench = new KernelBench();
    const [q, k, v] = [bench.input(0, 16, 4, 128, 32), bench.input(1, 16, 4, 32, 128), bench.input(2, 16, 4, 128, 32)];
    const [scores, weights] = [bench.tensor(16, 4, 128, 128), bench.tensor(16, 4, 128, 128)];
    const [values, merged] = [bench.tensor(16, 4, 128, 32), bench.tensor(16, 128, 4, 32)];
    const [chain, ...others] = fused(bench, [
      bench.matmul(scores, q, k),
      bench.softmax(weights, scores),
      bench.matmul(values, weights, v),
      bench.map(merged, bench.permuted(values, 0, 2, 1, 3)),
    ]);
    expect(others).toEqual([]);
    expect(forms([chain])).toEqual(["512 x contract rows contract map"]);
    if (chain.kind !== "chain" || chain.kernels[0].kind !== "contract")
      throw new Error("There is no chain with a product");
    expect(chain.digits.map(({ size }) => size)).toEqual([16, 4, 8]);
    expect([chain.kernels[0].a.shape, chain.kernels[0].b.shape]).toEqual([
      [16, 32],
      [32, 128],
    ]);
  });

  it("what nobody waits for holds nothing up", () => {
    const bench = new KernelBench();
    const shape = [64, 128] as const;
    const [x, y, loss] = [bench.input(0, ...shape), bench.tensor(...shape), bench.tensor(...shape)];
    const steps = Array.from({ length: 4 }, () => bench.tensor(...shape));
    const kernels = [
      bench.map(y, x),
      bench.map(loss, y),
      ...steps.map((to, n) => bench.map(to, n === 0 ? y : steps[n - 1])),
    ];
    expect(forms(fused(bench, kernels))).toEqual(["32 x map map map map map", "map"]);
  });

  it("kernels without a common division stay apart", () => {
    const bench = new KernelBench();
    const [x, y, w, z] = [
      bench.input(0, 512, 128),
      bench.tensor(512, 128),
      bench.input(1, 16, 512),
      bench.tensor(16, 128),
    ];
    expect(forms(fused(bench, [bench.map(y, x), bench.matmul(z, w, y)]))).toEqual(["map", "contract"]);
  });

  it("every scan is a chain, of one part where rows are mixed", () => {
    const bench = new KernelBench();
    const x = bench.tensor(4, 4);
    const scan = (kernels: Kernel[], loop: number): Kernel => ({
      kind: "scan",
      loop,
      length: 3,
      reverse: false,
      carries: [],
      kernels,
    });
    const mixed = scan([bench.map(x, bench.permuted(x, 1, 0))], 0);
    const [chain] = fused(bench, [mixed]);
    expect(chain).toMatchObject({ kind: "chain", groups: 1, digits: [], kernels: [mixed], whole: [mixed] });
  });

  it("the numbers of its loops are no scan's", () => {
    const bench = new KernelBench();
    const [x, y] = [bench.tensor(64, 128), bench.tensor(64, 128)];
    const scan: Kernel = { kind: "scan", loop: 0, length: 3, reverse: false, carries: [], kernels: [bench.map(y, x)] };
    const [chain] = fused(bench, [scan]);
    if (chain.kind !== "chain") throw new Error("There is no chain");
    expect(chain.digits.map(({ loop }) => loop)).toEqual([1]);
  });

  it("a chain uses no more buffers than a dispatch may", () => {
    const bench = new KernelBench();
    const inputs = Array.from({ length: 8 }, (_, index) => bench.input(index, 64, 128));
    const sums = inputs.map(() => bench.tensor(64, 128));
    const kernels = sums.map((to, n) => (n === 0 ? bench.map(to, inputs[0]) : bench.map(to, sums[n - 1], inputs[n])));
    // Six inputs, the arena and the constants.
    const [first] = forms(fused(bench, kernels));
    expect(first.match(/map/g)?.length).toBeLessThanOrEqual(6);
  });
});

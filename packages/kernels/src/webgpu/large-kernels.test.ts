import type { Shape } from "@tributary/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConformanceCase, graphCase, operationCase } from "../conformance/conformance-case.ts";
import { givenIndices, SeededRandom } from "../conformance/random.ts";
import { failuresOf } from "../conformance/run-case.ts";
import type { Device } from "../device.ts";
import { open } from "../open.ts";

/*
 * Sizes at which kernels for the GPU take other ways than at those of the conformance suite: two passes, several segments, rows in a loop.
 */

const random = new SeededRandom(61);

function sums(): ConformanceCase[] {
  const shapes: readonly (readonly [Shape, readonly number[]])[] = [
    [[61_706], [0]],
    [
      [97, 3, 700],
      [0, 2],
    ],
    [
      [5, 2, 40_000],
      [0, 2],
    ],
    [
      [5, 2, 20_011],
      [0, 2],
    ],
    [[40_000, 3], [0]],
    [
      [5, 20_011, 2],
      [0, 1],
    ],
  ];
  return shapes.flatMap(([shape, axes]) => [
    operationCase("sum", { axes }, [random.tensor("float32", shape)], "contraction"),
    operationCase("sum", { axes }, [random.tensor("int32", shape)], "exact"),
    operationCase("max", { axes }, [random.tensor("float32", shape)], "exact"),
  ]);
}

function fusedSums(): ConformanceCase[] {
  const x = random.tensor("float32", [512, 100]);
  const y = random.tensor("float32", [512, 100]);
  return [
    graphCase({ name: "norm", inputs: [random.tensor("float32", [61_706])], tolerance: "composed" }, (builder, [a]) => [
      builder.add("sqrt", {}, [builder.add("sum", { axes: [0] }, [builder.add("mul", {}, [a, a])])]),
    ]),
    graphCase({ name: "two sums of one tensor", inputs: [x, y], tolerance: "composed" }, (builder, [a, b]) => [
      builder.add("sum", { axes: [0, 1] }, [a]),
      builder.add("sum", { axes: [0, 1] }, [builder.add("mul", {}, [a, b])]),
    ]),
  ];
}

const NONE = [0, 0] as const;

/** A pooling whose values go back to where they came from; windows overlap, leave gaps, and reach beyond the image. */
function unpools(): ConformanceCase[] {
  const geometries = [
    { shape: [3, 2, 12, 10], window: [2, 2], strides: [2, 2], padding: [NONE, NONE], dilation: [1, 1] },
    {
      shape: [3, 2, 13, 11],
      window: [3, 3],
      strides: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
      dilation: [1, 1],
    },
    {
      shape: [2, 3, 9, 9],
      window: [3, 2],
      strides: [1, 1],
      padding: [
        [0, 1],
        [1, 0],
      ],
      dilation: [1, 2],
    },
    {
      shape: [2, 3, 9, 12],
      window: [2, 2],
      strides: [3, 4],
      padding: [
        [1, 0],
        [0, 1],
      ],
      dilation: [2, 1],
    },
    {
      shape: [1, 2, 7, 7],
      window: [7, 7],
      strides: [1, 1],
      padding: [
        [3, 3],
        [3, 3],
      ],
      dilation: [1, 1],
    },
  ] as const;
  return geometries.map(({ shape, ...attributes }) => {
    const name = `unpool ${shape} ${JSON.stringify(attributes)}`;
    return graphCase({ name, inputs: [random.tensor("float32", shape)], tolerance: "contraction" }, (builder, [x]) => {
      const pooled = builder.add("maxPool", attributes, [x]);
      const [images = 0, channels = 0, height = 0, width = 0] = builder.typeOf(pooled).shape;
      const flat = { shape: [images, channels, height * width] };
      const [updates, index] = [pooled, pooled + 1].map((id) => builder.add("reshape", flat, [id]));
      return [builder.add("scatterAdd", { length: shape[2] * shape[3] }, [updates ?? 0, index ?? 0])];
    });
  });
}

function scatters(): ConformanceCase[] {
  const rows = ([batch, count, length]: readonly [number, number, number]) => {
    const shape = [batch, count];
    return operationCase(
      "scatterAdd",
      { length },
      [random.tensor("float32", shape), givenIndices(random, shape, length)],
      "contraction",
    );
  };
  const tables = ([count, length, width]: readonly [number, number, number]) =>
    operationCase(
      "scatterAddRows",
      { rows: length },
      [random.tensor("float32", [count, width]), givenIndices(random, [count], length)],
      "contraction",
    );
  const sizes = [
    [5, 196, 784],
    [3, 300, 5000],
    [2, 2500, 100],
  ] as const;
  const lists = [
    [2048, 65, 128],
    [9000, 3, 20],
    [300, 5000, 65],
    [10_000, 1, 1],
    [700, 7, 300],
  ] as const;
  return [...sizes.map(rows), ...lists.map(tables)];
}

function longRows(): ConformanceCase[] {
  return [300, 9000].flatMap((columns) => {
    const x = random.tensor("float32", [5, columns], { low: -5, high: 5 });
    const targets = givenIndices(random, [5], columns);
    return [
      operationCase("softmax", {}, [x], "elementwise"),
      operationCase("logSoftmax", {}, [x], "elementwise"),
      operationCase("softmaxCrossEntropy", {}, [x, targets], "elementwise"),
      operationCase("softmaxCrossEntropyGradient", {}, [x, targets, random.tensor("float32", [5])], "elementwise"),
    ];
  });
}

describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("kernels for the GPU at large sizes", () => {
  let device: Device;
  beforeAll(async () => {
    device = await open("webgpu", { allowSoftware: true });
  });
  afterAll(() => device.dispose());

  it.each([
    ["sums and maxima", sums()],
    ["fused sums", fusedSums()],
    ["poolings back", unpools()],
    ["scatters", scatters()],
    ["rows", longRows()],
  ] as const)("%s are those of the reference", async (_, cases) => {
    const failures: string[] = [];
    for (const testCase of cases) {
      for (const failure of await failuresOf(device, testCase)) failures.push(`${testCase.name}: ${failure}`);
    }
    expect(failures).toEqual([]);
  });
});

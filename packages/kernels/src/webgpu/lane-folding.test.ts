import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compositeGroups } from "../conformance/composite-cases.ts";
import { type ConformanceCase, graphCase, operationCase } from "../conformance/conformance-case.ts";
import { given, givenIndices, SeededRandom } from "../conformance/random.ts";
import { reductionGroups } from "../conformance/reduction-cases.ts";
import { failuresOf } from "../conformance/run-case.ts";
import { open } from "../open.ts";
import { openEmulated } from "./testing/emulated-subgroups.ts";
import type { WebGpuDevice } from "./webgpu-device.ts";

/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 600_000;
/** So many pipelines are compiled beside each other. */
const CASES_AT_ONCE = 8;

/** Reductions whose results have 1 to 256 lanes, neighbours in memory or not. */
function everyNumberOfLanes(): ConformanceCase[] {
  const random = new SeededRandom(5);
  const sizes = [1, 2, 3, 7, 16, 31, 64, 130, 256, 700, 1100];
  return sizes.flatMap((size) =>
    [
      { shape: [3, size], axis: 1 },
      { shape: [size, 3], axis: 0 },
      { shape: [size, 70], axis: 0 },
    ].flatMap(({ shape, axis }) => [
      graphCase(
        { name: `four folds of ${shape}`, inputs: [random.tensor("float32", shape)], tolerance: "composed" },
        (builder, [x]) => [
          builder.add("sum", { axes: [axis] }, [x]),
          builder.add("max", { axes: [axis] }, [x]),
          builder.add("argmax", { axis }, [x]),
          builder.add("argmax", { axis }, [builder.add("floor", {}, [x])]),
        ],
      ),
    ]),
  );
}

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** Rows of few and of many elements a lane; `special` elements lie all over them. */
function oddRows(): ConformanceCase[] {
  const random = new SeededRandom(6);
  const kinds: readonly (readonly [string, (column: number, x: number) => number])[] = [
    ["the first half is hidden", (column, x) => (column < 2500 ? -infinity : x)],
    ["one is not hidden", (column, x) => (column === 4321 ? x : -infinity)],
    ["all are hidden", () => -infinity],
    ["one is infinite", (column, x) => (column === 777 ? infinity : x)],
    ["one is no number", (column, x) => (column === 4999 ? nan : x)],
    ["they grow", (column) => column / 10],
    ["they shrink", (column) => -column / 10],
    ["they are huge", (column) => (column % 2 === 0 ? 3e38 : -3e38)],
  ];
  const elements = random.tensor("float32", [kinds.length, 5000], { low: -5, high: 5 }).data;
  return [260, 5000].flatMap((columns) => {
    const scaled = (column: number): number => Math.floor((column * 5000) / columns);
    const shape = [kinds.length, columns];
    const data = kinds.flatMap(([, change], row) =>
      Array.from({ length: columns }, (_, column) => change(scaled(column), elements[5000 * row + column])),
    );
    const x = given("float32", shape, data.map(Math.fround));
    const targets = givenIndices(random, [kinds.length], columns);
    return [
      operationCase("softmax", {}, [x], "elementwise"),
      operationCase("logSoftmax", {}, [x], "elementwise"),
      operationCase("softmaxCrossEntropy", {}, [x, targets], "elementwise"),
      operationCase(
        "softmaxCrossEntropyGradient",
        {},
        [x, targets, random.tensor("float32", [kinds.length])],
        "elementwise",
      ),
    ];
  });
}

const OWN_GROUPS = [
  { name: "every number of lanes", cases: everyNumberOfLanes() },
  { name: "rows with odd elements", cases: oddRows() },
];
const ALL_GROUPS = [...reductionGroups(), ...compositeGroups(), ...OWN_GROUPS];

// vitest.config.ts says so when there is no GPU in software, whose own subgroups have 4 invocations.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined).each([
  ["none", 1, ALL_GROUPS, () => openEmulated(1)],
  // The conformance suite runs the other groups.
  ["its own", 4, OWN_GROUPS, async () => (await open("webgpu", { allowSoftware: true })) as WebGpuDevice],
  ["those of 32, emulated", 32, ALL_GROUPS, () => openEmulated(32)],
  ["those of 128, emulated", 128, OWN_GROUPS, () => openEmulated(128)],
] as const)("folds on a GPU with these subgroups: %s", { timeout: TIMEOUT_MS }, (_, lanes, groups, openDevice) => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device?.dispose());

  it("are in a class of arithmetic of their own", () => {
    const [, found] = /-s(\d+)$/.exec(device.arithmeticClass) ?? [];
    expect(Number(found ?? 1)).toBe(lanes);
  });

  it.each(groups)("$name: what the reference gives", async ({ cases }) => {
    const failures: string[] = [];
    const left = cases.values();
    const run = async () => {
      for (const testCase of left) {
        for (const failure of await failuresOf(device, testCase)) failures.push(`${testCase.name}: ${failure}`);
      }
    };
    await Promise.all(Array.from({ length: CASES_AT_ONCE }, run));
    expect(failures).toEqual([]);
  });
});

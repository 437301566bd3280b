import { grad } from "@tributary/autograd";
import { type Device, open, type TensorData } from "@tributary/kernels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Execution, type Values } from "../parity/execution.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { type Case, type CaseInput, input } from "./case.ts";
import { ELEMENTWISE } from "./elementwise-cases.ts";
import { PRODUCTS } from "./product-cases.ts";
import { SHAPES } from "./shape-cases.ts";
import { findTensorflow, type Tensorflow } from "./tensorflow.ts";

const CASES = 300;
const BACKENDS = ["reference", "wasm"] as const;
/** Both sides round: each may be off by as much as architecture allows one of them. */
const ABSOLUTE = 2e-6;
const RELATIVE = 2e-5;
const OF_SUMS = 2e-6;

const operations = Object.entries({ ...ELEMENTWISE, ...SHAPES, ...PRODUCTS });

/** Case number `seed`: operations take turns. */
function caseOf(seed: number): { readonly name: string; readonly drawn: Case; readonly random: SeededRandom } {
  const [operation, draw] = operations[seed % operations.length];
  const random = new SeededRandom(seed);
  const drawn = draw(random);
  const shapes = drawn.inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
  return { name: `${operation} of ${shapes} (seed ${seed})`, drawn, random };
}

/** What TensorFlow.js makes of a case: the result, then each derivative. */
function expected(tf: Tensorflow, { inputs, differentiated, theirs }: Case, random: SeededRandom) {
  const given = inputs.map(({ shape, data }) =>
    tf.tensor(data, shape, data instanceof Int32Array ? "int32" : "float32"),
  );
  const fixed = given.slice(differentiated);
  const f = (...moving: readonly (typeof given)[number][]) => theirs(tf, [...moving, ...fixed]);
  const result = f(...given.slice(0, differentiated));
  const cotangent = input(random, result.shape);
  const derivatives = tf.grads(f)(given.slice(0, differentiated), tf.tensor(cotangent.data, result.shape));
  return { cotangent, results: [result, ...derivatives].map((each) => each.dataSync()) };
}

/** What a device makes of it. */
async function found(device: Device, drawn: Case, inputs: readonly CaseInput[]): Promise<TensorData[]> {
  const values = inputs.map(({ shape, data }, i): [string, Values] => {
    const dtype = data instanceof Int32Array ? "int32" : "float32";
    return [`input${i}`, { type: { dtype, shape }, data }];
  });
  const execution = await Execution.start(device, new Map(values), (given) => {
    const tensors = drawn.inputs.map((_, i) => given[`input${i}`]);
    const result = drawn.ours(tensors);
    const cotangent = given[`input${tensors.length}`];
    const derivatives = grad(result, tensors.slice(0, drawn.differentiated), { cotangent });
    return Object.fromEntries([result, ...derivatives].map((each, i) => [`result${i}`, each]));
  });
  const results = await execution.run();
  execution.dispose();
  return [...results.values()];
}

function absolute({ shape, data }: CaseInput): CaseInput {
  return { shape, data: data instanceof Int32Array ? data : data.map(Math.abs) };
}

const tf = await findTensorflow();
if (tf === null) {
  process.stderr.write(
    "\n*** SKIPPED: 300 cases beside TensorFlow.js, which is not installed (npm run bench -- cpu --peers installs it; PEERS names another folder)\n\n",
  );
}

describe.each(BACKENDS)("%s", (backend) => {
  let device: Device;
  let reference: Device;
  beforeAll(async () => {
    device = await open(backend);
    reference = await open("reference");
  });
  afterAll(() => {
    device.dispose();
    reference.dispose();
  });

  it(`agrees with TensorFlow.js on ${CASES} random operations and shapes, and on their derivatives`, async (context) => {
    if (tf === null) return context.skip("TensorFlow.js is not installed");
    const wrong: string[] = [];
    for (let seed = 0; seed < CASES; seed += 1) {
      const { name, drawn, random } = caseOf(seed);
      const { cotangent, results } = expected(tf, drawn, random);
      const ours = await found(device, drawn, [...drawn.inputs, cotangent]);
      const sizes = drawn.sums ? await found(reference, drawn, [...drawn.inputs, cotangent].map(absolute)) : [];
      results.forEach((theirs, place) => {
        const off = theirs.findIndex((value, i) => {
          const allowed = ABSOLUTE + RELATIVE * Math.abs(value) + OF_SUMS * Math.abs(sizes[place]?.[i] ?? 0);
          return !(Math.abs(ours[place][i] - value) <= allowed);
        });
        if (off < 0 && ours[place].length === theirs.length) return;
        const what = place === 0 ? "result" : `derivative by input ${place - 1}`;
        wrong.push(`${name}: ${what} [${off}] is ${ours[place][off]}, there ${theirs[off]}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

// jax-js on its wasm backend: the process of an engine (../serve-engine.ts). The whole step is one jitted function.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { integers, normals, seededRandom } from "../random-data.ts";
import { serveEngine } from "../serve-engine.ts";
import { PEERS_FOLDER } from "./installation.ts";

const CLASSES = 10;
const BATCH = 128;
const random = seededRandom(1);

/** By workload: shapes of the parameters, [fan-in, ...shape] each, shape of a sample, and the logits. jax-js consumes an array at each use. */
const works = {
  mlp: ({ nn, numpy }) => ({
    inputShape: [784],
    parameters: {
      w1: [784, 784, 512],
      b1: [784, 512],
      w2: [512, 512, 512],
      b2: [512, 512],
      w3: [512, 512, CLASSES],
      b3: [512, CLASSES],
    },
    logits: (p, x) => {
      const first = nn.relu(numpy.dot(x, p.w1).add(p.b1));
      const second = nn.relu(numpy.dot(first, p.w2).add(p.b2));
      return numpy.dot(second, p.w3).add(p.b3);
    },
  }),
  lenet: ({ lax, nn, numpy }) => {
    const pooled = (x) => lax.reduceWindow(x, numpy.max, [2, 2], [2, 2]);
    const convolved = (x, kernel, bias, padding) =>
      nn.relu(lax.convGeneralDilated(x, kernel, [1, 1], padding).add(bias));
    const samePadding = [
      [2, 2],
      [2, 2],
    ];
    return {
      inputShape: [1, 28, 28],
      parameters: {
        k1: [25, 6, 1, 5, 5],
        c1: [25, 6, 1, 1],
        k2: [150, 16, 6, 5, 5],
        c2: [150, 16, 1, 1],
        w1: [400, 400, 120],
        b1: [400, 120],
        w2: [120, 120, 84],
        b2: [120, 84],
        w3: [84, 84, CLASSES],
        b3: [84, CLASSES],
      },
      logits: (p, x) => {
        const planes = pooled(convolved(x, p.k1, p.c1, samePadding));
        const features = pooled(convolved(planes, p.k2, p.c2, "VALID")).reshape([BATCH, 400]);
        const first = nn.relu(numpy.dot(features, p.w1).add(p.b1));
        const second = nn.relu(numpy.dot(first, p.w2).add(p.b2));
        return numpy.dot(second, p.w3).add(p.b3);
      },
    };
  },
};

function product(shape) {
  return shape.reduce((total, size) => total * size, 1);
}

async function loadFramework() {
  const jax = await import(pathToFileURL(join(PEERS_FOLDER, "node_modules/@jax-js/jax/dist/index.js")).href);
  const devices = await jax.init("wasm");
  if (!devices.includes("wasm")) throw new Error("jax-js has no wasm device here");
  jax.defaultDevice("wasm");
  return jax;
}

function drawParameters({ numpy }, shapes) {
  const draw = ([fanIn, ...shape]) => {
    const bound = 1 / Math.sqrt(fanIn);
    const values = Float32Array.from({ length: product(shape) }, () => (2 * random() - 1) * bound);
    return numpy.array(values, { shape });
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, draw(shape)]));
}

await serveEngine(async (name) => {
  const work = works[name];
  if (work === undefined) throw new Error(`${name} is not written for jax-js`);
  const jax = await loadFramework();
  const { blockUntilReady, jit, nn, numpy, tree, valueAndGrad } = jax;
  const { inputShape, parameters: shapes, logits } = work(jax);
  const shape = [BATCH, ...inputShape];
  const inputs = numpy.array(normals(product(shape), random), { shape });
  const targets = numpy.array(integers(BATCH, CLASSES, random), { shape: [BATCH], dtype: "int32" });
  const crossEntropy = (parameters, x, y) =>
    nn
      .logSoftmax(logits(parameters, x))
      .mul(nn.oneHot(y, CLASSES))
      .sum()
      .mul(-1 / BATCH);
  const lossAndGradient = valueAndGrad(crossEntropy);
  const update = jit((parameters, velocity, x, y) => {
    const [loss, gradient] = lossAndGradient(tree.ref(parameters), x, y);
    const nextVelocity = tree.map((v, g) => v.mul(0.9).add(g), velocity, gradient);
    const nextParameters = tree.map((p, v) => p.sub(v.mul(0.01)), parameters, tree.ref(nextVelocity));
    return [loss, nextParameters, nextVelocity];
  });
  let parameters = drawParameters(jax, shapes);
  let velocity = tree.map((p) => numpy.zerosLike(p), tree.ref(parameters));
  let loss = null;
  return {
    parameters: Object.values(shapes).reduce((total, [, ...parameter]) => total + product(parameter), 0),
    threads: 1,
    step: async () => {
      loss?.dispose();
      [loss, parameters, velocity] = update(parameters, velocity, inputs.ref, targets.ref);
      await blockUntilReady(parameters);
    },
    loss: async () => (await loss.ref.data())[0],
  };
});

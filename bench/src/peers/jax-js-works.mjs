// The works in the terms of jax-js, on whichever of its devices is the default. The whole step is one jitted function.
import { integers, normals, seededRandom } from "../random-data.ts";

const CLASSES = 10;
const random = seededRandom(1);

/** By workload: shapes of the parameters, [fan-in, ...shape] each, shape of a sample, the outputs, and how targets are drawn and compared. jax-js consumes an array at each use. */
const works = {
  mlp: ({ nn, numpy }) => ({
    ...classification({ nn, numpy }),
    inputShape: [784],
    parameters: {
      w1: [784, 784, 512],
      b1: [784, 512],
      w2: [512, 512, 512],
      b2: [512, 512],
      w3: [512, 512, CLASSES],
      b3: [512, CLASSES],
    },
    outputs: (p, x) => {
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
      ...classification({ nn, numpy }),
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
      outputs: (p, x) => {
        const planes = pooled(convolved(x, p.k1, p.c1, samePadding));
        const features = pooled(convolved(planes, p.k2, p.c2, "VALID")).reshape([-1, 400]);
        const first = nn.relu(numpy.dot(features, p.w1).add(p.b1));
        const second = nn.relu(numpy.dot(first, p.w2).add(p.b2));
        return numpy.dot(second, p.w3).add(p.b3);
      },
    };
  },
  // Without a loop over time among its operations: the fifty turns are written out when the step is traced.
  lstm: ({ nn, numpy }) => {
    const [times, features, units] = [50, 16, 128];
    const turn = (p, [hidden, cell], projected) => {
      const gates = projected.add(numpy.dot(hidden, p.recurrent.ref));
      const gate = (index) => gates.ref.slice([], [index * units, (index + 1) * units]);
      const [input, forget, output] = [gate(0), gate(1), gate(3)].map((part) => nn.sigmoid(part));
      const next = forget.mul(cell).add(input.mul(numpy.tanh(gate(2))));
      gates.dispose();
      return [output.mul(numpy.tanh(next.ref)), next];
    };
    return {
      batch: 64,
      inputShape: [times, features],
      parameters: {
        projection: [units, features, 4 * units],
        recurrent: [units, units, 4 * units],
        bias1: [units, 4 * units],
        bias2: [units, 4 * units],
        head: [units, units, 1],
        headBias: [units, 1],
      },
      outputs: (p, x) => {
        const projected = numpy.dot(x, p.projection).add(p.bias1.add(p.bias2));
        let state = [numpy.zeros([64, units]), numpy.zeros([64, units])];
        for (let time = 0; time < times; time += 1) state = turn(p, state, projected.ref.slice([], time));
        projected.dispose();
        p.recurrent.dispose();
        const [hidden, cell] = state;
        cell.dispose();
        return numpy.dot(hidden, p.head).add(p.headBias);
      },
      targets: (batch) => numpy.array(normals(batch, random), { shape: [batch, 1] }),
      loss: (outputs, targets, batch) => {
        const difference = outputs.sub(targets);
        return difference.ref
          .mul(difference)
          .sum()
          .mul(1 / batch);
      },
    };
  },
};

function classification({ nn, numpy }) {
  return {
    batch: 128,
    targets: (batch) => numpy.array(integers(batch, CLASSES, random), { shape: [batch], dtype: "int32" }),
    loss: (outputs, targets, batch) =>
      nn
        .logSoftmax(outputs)
        .mul(nn.oneHot(targets, CLASSES))
        .sum()
        .mul(-1 / batch),
  };
}

function product(shape) {
  return shape.reduce((total, size) => total * size, 1);
}

function drawParameters({ numpy }, shapes) {
  const draw = ([fanIn, ...shape]) => {
    const bound = 1 / Math.sqrt(fanIn);
    const values = Float32Array.from({ length: product(shape) }, () => (2 * random() - 1) * bound);
    return numpy.array(values, { shape });
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, draw(shape)]));
}

/**
 * A work with its optimizer and data, ready to step.
 * @param jax the framework, initialised @param name of the work @returns parameters, step, loss
 */
export function prepareJaxJs(jax, name) {
  const work = works[name];
  if (work === undefined) throw new Error(`${name} is not written for jax-js`);
  const { blockUntilReady, jit, numpy, tree, valueAndGrad } = jax;
  const { batch, inputShape, parameters: shapes, outputs, targets: drawTargets, loss: lossOf } = work(jax);
  const shape = [batch, ...inputShape];
  const inputs = numpy.array(normals(product(shape), random), { shape });
  const targets = drawTargets(batch);
  const lossAndGradient = valueAndGrad((parameters, x, y) => lossOf(outputs(parameters, x), y, batch));
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
    step: async () => {
      loss?.dispose();
      [loss, parameters, velocity] = update(parameters, velocity, inputs.ref, targets.ref);
      // It computes nothing until somebody waits for it.
      await blockUntilReady(parameters);
    },
    loss: async () => (await loss.ref.data())[0],
  };
}

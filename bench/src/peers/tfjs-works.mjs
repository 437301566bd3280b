// The works in the terms of TensorFlow.js, on whichever of its backends is set. Images are NHWC, its only layout on most of them.

const CLASSES = 10;

/** By workload: the model's layers, the shape of a sample, and how labels are drawn and compared. */
const works = {
  mlp: (tf) => ({
    batch: 128,
    inputShape: [784],
    layers: [
      tf.layers.dense({ units: 512, activation: "relu", inputShape: [784] }),
      tf.layers.dense({ units: 512, activation: "relu" }),
      tf.layers.dense({ units: CLASSES }),
    ],
    ...classification(tf),
  }),
  lenet: (tf) => ({
    batch: 128,
    inputShape: [28, 28, 1],
    layers: [
      tf.layers.conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu", inputShape: [28, 28, 1] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 120, activation: "relu" }),
      tf.layers.dense({ units: 84, activation: "relu" }),
      tf.layers.dense({ units: CLASSES }),
    ],
    ...classification(tf),
  }),
  lstm: (tf) => ({
    batch: 64,
    inputShape: [50, 16],
    // One bias where PyTorch and we add two of 512 elements: the same function, so that they count as there.
    addedBiases: 512,
    layers: [
      tf.layers.lstm({ units: 128, recurrentActivation: "sigmoid", inputShape: [50, 16] }),
      tf.layers.dense({ units: 1 }),
    ],
    targets: (batch) => tf.randomNormal([batch, 1]),
    loss: (targets, outputs) => tf.losses.meanSquaredError(targets, outputs),
  }),
};

function classification(tf) {
  return {
    targets: (batch) => tf.oneHot(tf.randomUniform([batch], 0, CLASSES, "int32"), CLASSES).toFloat(),
    loss: (targets, outputs) => tf.losses.softmaxCrossEntropy(targets, outputs),
  };
}

/**
 * A work with its optimizer and data, ready to step.
 * @param tf the framework @param name of the work @returns parameters, step (what it computes may still be under way), loss
 */
export function prepareTfjs(tf, name) {
  const work = works[name];
  if (work === undefined) throw new Error(`${name} is not written for TensorFlow.js`);
  const { batch, inputShape, layers, targets, loss, addedBiases = 0 } = work(tf);
  const model = tf.sequential({ layers });
  const inputs = tf.randomNormal([batch, ...inputShape]);
  const expected = targets(batch);
  const optimizer = tf.train.momentum(0.01, 0.9);
  const lossOfBatch = () => loss(expected, model.apply(inputs, { training: true }));
  return {
    parameters: model.countParams() + addedBiases,
    step: () => void optimizer.minimize(lossOfBatch, false),
    loss: async () => {
      const value = tf.tidy(lossOfBatch);
      const [first] = await value.data();
      value.dispose();
      return first;
    },
  };
}

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** A tensor of TensorFlow.js. */
export interface TensorflowTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array | Int32Array;
}

type Call = (...given: readonly unknown[]) => TensorflowTensor;

/** Operations that the cases call. */
type OperationName =
  | "abs"
  | "add"
  | "avgPool"
  | "broadcastTo"
  | "cast"
  | "clipByValue"
  | "concat"
  | "conv2d"
  | "conv2dTranspose"
  | "cos"
  | "depthwiseConv2d"
  | "div"
  | "elu"
  | "erf"
  | "exp"
  | "floor"
  | "gather"
  | "leakyRelu"
  | "log"
  | "logSoftmax"
  | "matMul"
  | "max"
  | "maxPool"
  | "maximum"
  | "mean"
  | "min"
  | "minimum"
  | "mul"
  | "neg"
  | "pad"
  | "pow"
  | "prelu"
  | "reciprocal"
  | "relu"
  | "relu6"
  | "reshape"
  | "reverse"
  | "selu"
  | "sigmoid"
  | "sin"
  | "slice"
  | "softmax"
  | "softplus"
  | "sqrt"
  | "square"
  | "stack"
  | "sub"
  | "sum"
  | "tanh"
  | "tensor"
  | "tile"
  | "transpose"
  | "where";

/** What the cases use of TensorFlow.js. */
export type Tensorflow = Readonly<Record<OperationName, Call>> & {
  readonly version: { readonly tfjs: string };
  /** Derivatives of f by each of its inputs, weighted by dy. */
  grads(
    f: (...inputs: TensorflowTensor[]) => TensorflowTensor,
  ): (inputs: readonly TensorflowTensor[], dy: TensorflowTensor) => TensorflowTensor[];
  setBackend(name: string): Promise<boolean>;
  enableProdMode(): void;
};

/** Where `npm run bench -- cpu --peers` puts it; PEERS names another folder. */
const FOLDER = process.env.PEERS ?? join(import.meta.dirname, "../../../bench/.peers");

/** TensorFlow.js on its plain JavaScript backend, or null where it is not installed. */
export async function findTensorflow(): Promise<Tensorflow | null> {
  if (!existsSync(join(FOLDER, "node_modules/@tensorflow/tfjs"))) return null;
  const tensorflow: Tensorflow = createRequire(join(FOLDER, "package.json"))("@tensorflow/tfjs");
  tensorflow.enableProdMode();
  await tensorflow.setBackend("cpu");
  return tensorflow;
}

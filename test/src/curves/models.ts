import type { Tensor } from "@tributary/autograd";
import {
  BatchNorm2d,
  Conv2d,
  DepthwiseConv2d,
  Embedding,
  Flatten,
  GlobalAvgPool2d,
  LayerNorm,
  LearnedPositions,
  Linear,
  LSTM,
  lastStep,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  TransformerBlock,
} from "@tributary/nn";

const CLASSES = 10;
const VOCABULARY = 65;
const WIDTH = 128;

/** LeNet with ReLU and max pooling, as in curves.py. [M, 1, 28, 28] -> [M, 10] */
export function lenet(): Module {
  return new Sequential(
    new Conv2d(1, 6, 5, { padding: 2 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(6, 16, 5),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(400, 120),
    new ReLU(),
    new Linear(120, 84),
    new ReLU(),
    new Linear(84, CLASSES),
  );
}

/** The last state of an LSTM to one number. [M, T, 16] -> [M] */
export class Lstm extends Module {
  readonly lstm = new LSTM(16, 128, { batchFirst: true });
  readonly output = new Linear(128, 1);

  override forward(x: Tensor): Tensor {
    return this.output.forward(lastStep(this.lstm.forward(x))).squeeze(-1);
  }
}

/** Four pre-norm blocks of width 128 and four heads. Tokens [M, T] -> logits [M, 65, T] */
export class Gpt extends Module {
  readonly tokens = new Embedding(VOCABULARY, WIDTH);
  readonly positions = new LearnedPositions(128, WIDTH);
  readonly blocks = Array.from({ length: 4 }, () => new TransformerBlock(WIDTH, 4));
  readonly norm = new LayerNorm(WIDTH);
  readonly head = new Linear(WIDTH, VOCABULARY, { bias: false });

  override forward(x: Tensor): Tensor {
    const first = this.positions.forward(this.tokens.forward(x));
    const last = this.blocks.reduce((y, block) => block.forward(y), first);
    return this.head.forward(this.norm.forward(last)).transpose(1, 2);
  }
}

class ResidualBlock extends Module {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm2d;

  constructor(channels: number) {
    super();
    this.conv1 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.norm1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.norm2 = new BatchNorm2d(channels);
  }

  override forward(x: Tensor): Tensor {
    const inner = this.norm1.forward(this.conv1.forward(x)).relu();
    return x.add(this.norm2.forward(this.conv2.forward(inner))).relu();
  }
}

class SeparableBlock extends Module {
  readonly depthwise: DepthwiseConv2d;
  readonly pointwise: Conv2d;
  readonly norm: BatchNorm2d;

  constructor(inputs: number, outputs: number) {
    super();
    this.depthwise = new DepthwiseConv2d(inputs, 3, { stride: 2, padding: 1, bias: false });
    this.pointwise = new Conv2d(inputs, outputs, 1, { bias: false });
    this.norm = new BatchNorm2d(outputs);
  }

  override forward(x: Tensor): Tensor {
    return this.norm.forward(this.pointwise.forward(this.depthwise.forward(x))).relu();
  }
}

/** Residual and separable blocks with batch normalisation. [M, 3, 32, 32] -> [M, 10] */
export function resnet(): Module {
  return new Sequential(
    new Conv2d(3, 32, 3, { padding: 1, bias: false }),
    new BatchNorm2d(32),
    new ReLU(),
    new ResidualBlock(32),
    new SeparableBlock(32, 64),
    new ResidualBlock(64),
    new SeparableBlock(64, 128),
    new ResidualBlock(128),
    new GlobalAvgPool2d(),
    new Flatten(),
    new Linear(128, CLASSES),
  );
}

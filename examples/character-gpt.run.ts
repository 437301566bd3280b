// A character-level GPT (Radford et al., 2019; in the size of Karpathy's nanoGPT for a CPU): which character comes next?
// With TEXT=file.txt it reads a file, otherwise five of Shakespeare's sonnets.
// Expected: on the tiny Shakespeare of 1.1 MB a test loss of 1.75 nats a character, in 4 to 9 minutes with one worker; on the sonnets
// a training loss of 0.13 after one to four minutes, which is learning by heart.
import {
  adamW,
  crossEntropy,
  defineRun,
  Embedding,
  init,
  LayerNorm,
  LearnedPositions,
  Linear,
  noDecayOnBiasesAndNorms,
  oneCycle,
  Sequential,
  TransformerBlock,
  text,
} from "tributary";

const LENGTH = 64;
const WIDTH = 128;
const HEADS = 4;
const DEPTH = 4;

const given = process.env.TEXT;
const file = given ?? new URL("data/sonnets.txt", import.meta.url);
// Windows over the sonnets overlap, so that there are enough of them.
const data = text({ file, length: LENGTH, stride: given === undefined ? 2 : LENGTH });
const { vocabularySize } = await data.tokenizer();
const weightInitialiser = init.normal(0, 0.02);

export default defineRun({
  name: "character-gpt",
  model: () =>
    new Sequential(
      new Embedding(vocabularySize, WIDTH, { weightInitialiser }),
      new LearnedPositions(LENGTH, WIDTH, { weightInitialiser }),
      ...Array.from({ length: DEPTH }, () => new TransformerBlock(WIDTH, HEADS, { depth: DEPTH })),
      new LayerNorm(WIDTH),
      new Linear(WIDTH, vocabularySize, { bias: false, weightInitialiser }),
    ),
  // Cross entropy takes the classes in dimension 1: [samples, characters of the vocabulary, places].
  loss: (outputs, targets) => crossEntropy(outputs.transpose(1, 2), targets),
  optimizer: adamW({
    learningRate: oneCycle({ maximum: 3e-3 }),
    betas: [0.9, 0.99],
    groups: [noDecayOnBiasesAndNorms()],
    weightDecay: 0.1,
    clipNorm: 1,
  }),
  data,
  batchSize: 16,
  microbatch: 16,
  epochs: given === undefined ? 8 : 2,
});

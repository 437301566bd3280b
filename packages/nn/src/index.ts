export {
  type Augmentation,
  augmentAll,
  type FlipOptions,
  randomFlip,
  randomNoise,
  randomRotation,
  randomShift,
} from "./augmentation.ts";
export {
  type BoundResult,
  bindModel,
  describeModel,
  initialiseModel,
  type ModelBinding,
  type ModelDescription,
  settleStatistics,
} from "./binding.ts";
export { NN_ERROR_CODES, NnError, type NnErrorCode } from "./errors.ts";
export { type FanMode, type Initialiser, init, type KaimingOptions, type TruncatedNormalOptions } from "./init.ts";
export {
  ELU,
  GELU,
  type GELUOptions,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  LogSoftmax,
  Mish,
  PReLU,
  type PReLUOptions,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  type SoftplusOptions,
  Softsign,
  Tanh,
} from "./layers/activations.ts";
export { AdaptiveAvgPool2d } from "./layers/adaptive-avg-pool2d.ts";
export {
  type AttendOptions,
  type AttentionOptions,
  MultiheadAttention,
  type MultiheadAttentionOptions,
  scaledDotProductAttention,
} from "./layers/attention.ts";
export { AvgPool1d, type AvgPool1dOptions, AvgPool2d, type AvgPool2dOptions } from "./layers/avg-pool.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "./layers/batch-norm.ts";
export { ConvTranspose2d, type ConvTranspose2dOptions } from "./layers/conv-transpose2d.ts";
export { Conv1d, type Conv1dOptions } from "./layers/conv1d.ts";
export { Conv2d, type Conv2dOptions } from "./layers/conv2d.ts";
export { Dropout } from "./layers/dropout.ts";
export { Embedding, type EmbeddingOptions } from "./layers/embedding.ts";
export { Flatten } from "./layers/flatten.ts";
export { GlobalAvgPool2d, GlobalMaxPool2d } from "./layers/global-pool2d.ts";
export { GRU, type GRUOptions } from "./layers/gru.ts";
export { LastStep, lastStep } from "./layers/last-step.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { LSTM, type LSTMOptions } from "./layers/lstm.ts";
export { MaxPool1d, type MaxPool1dOptions } from "./layers/max-pool1d.ts";
export { MaxPool2d } from "./layers/max-pool2d.ts";
export {
  GroupNorm,
  type GroupNormOptions,
  LayerNorm,
  type LayerNormOptions,
  RMSNorm,
  type RMSNormOptions,
} from "./layers/normalisation.ts";
export {
  LearnedPositions,
  type LearnedPositionsOptions,
  SinusoidalPositions,
  sinusoidalPositions,
} from "./layers/positions.ts";
export type { RecurrentOptions, RecurrentResult } from "./layers/recurrent.ts";
export { Reshape } from "./layers/reshape.ts";
export { Residual } from "./layers/residual.ts";
export { RNN, type RNNOptions } from "./layers/rnn.ts";
export { DepthwiseConv2d, type DepthwiseConv2dOptions, SeparableConv2d } from "./layers/separable-conv2d.ts";
export { Sequential } from "./layers/sequential.ts";
export { TransformerBlock, type TransformerBlockOptions } from "./layers/transformer-block.ts";
export { Upsample, type UpsampleOptions } from "./layers/upsample.ts";
export {
  type BinaryCrossEntropyOptions,
  type BinaryLogitsOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
} from "./losses/binary-cross-entropy.ts";
export { type CrossEntropyOptions, crossEntropy, type NllOptions, nllLoss } from "./losses/cross-entropy.ts";
export { type KlDivergenceOptions, klDivergence } from "./losses/kl-divergence.ts";
export type { Loss, SampleLosses } from "./losses/loss.ts";
export { cosineEmbeddingLoss, cosineLoss, hingeEmbeddingLoss, hingeLoss, type MarginOptions } from "./losses/margin.ts";
export {
  type HuberOptions,
  huberLoss,
  maeLoss,
  mseLoss,
  type SmoothL1Options,
  smoothL1Loss,
} from "./losses/regression.ts";
export { accuracy } from "./metrics/accuracy.ts";
export {
  binaryAccuracy,
  type ClassificationOptions,
  CONFUSION_CLASSES_MAX,
  confusionMatrix,
  f1,
  MACRO_CLASSES_MAX,
  precision,
  recall,
  topK,
} from "./metrics/classification.ts";
export {
  type Metric,
  type MetricInputs,
  metricForms,
  metricSums,
  type SampleMetric,
  type SummedMetric,
} from "./metrics/metric.ts";
export { mae, perplexity, type R2Options, r2, rmse } from "./metrics/regression-metrics.ts";
export { Module, type Named } from "./module.ts";
export { type OneCycleOptions, oneCycle } from "./one-cycle.ts";
export { type AdadeltaOptions, type AdagradOptions, adadelta, adagrad } from "./optimizers/adagrad.ts";
export { type AdamOptions, adam, adamW } from "./optimizers/adam.ts";
export { type LionOptions, lion } from "./optimizers/lion.ts";
export { type NAdamOptions, nadam } from "./optimizers/nadam.ts";
export type {
  CommonOptions,
  Optimizer,
  OptimizerState,
  UpdateInputs,
  UpdateOutputs,
} from "./optimizers/optimizer.ts";
export { noDecayOnBiasesAndNorms, type ParameterGroup, type ParameterSpan } from "./optimizers/parameter-groups.ts";
export { type RmspropOptions, rmsprop } from "./optimizers/rmsprop.ts";
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export { Buffer, Parameter } from "./parameter.ts";
export { l1, l1l2, l2, type Regulariser } from "./regularisers.ts";
export {
  type CosineOptions,
  constantRate,
  cosineDecay,
  type DecayOptions,
  type Duration,
  exponentialDecay,
  linearDecay,
  linearWarmup,
  type MultiStepOptions,
  multiStepDecay,
  type PolynomialOptions,
  type Progress,
  polynomialDecay,
  type Schedule,
  stepDecay,
  type WarmupOptions,
} from "./schedules.ts";
export type { ExpectedIndices, Randomness } from "./scope.ts";
export { type Settle, Statistics } from "./statistics.ts";
export { requireTensor } from "./tensor-result.ts";

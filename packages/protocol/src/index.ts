export { BLOB_PATH, JOIN_PATH, SOCKET_PATH, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "./addresses.ts";
export { AnswerQueue } from "./answer-queue.ts";
export {
  CLOSE_CODES,
  type CloseCode,
  closeCodeOf,
  closeCodeOfRefusal,
  closeMeaning,
  type RetryPolicy,
  retryPolicy,
} from "./close-codes.ts";
export type { GradientCodec } from "./codecs/codec.ts";
export { CODECS, codecNamed } from "./codecs/codec-table.ts";
export {
  type ContributionLengths,
  contributionByteLength,
  decodeContributionInto,
  encodeContributionInto,
} from "./codecs/contribution-bytes.ts";
export { FLOAT16_BLOCK_ELEMENTS, float16Codec } from "./codecs/float16.ts";
export { float32Codec } from "./codecs/float32.ts";
export {
  type CancelMessage,
  type CoordinatorMessage,
  type CreditMessage,
  type FinishMessage,
  type HeartbeatSettings,
  type LayoutSizes,
  type LeaseKind,
  type LeaseMessage,
  type ParametersMessage,
  type ProgramHashes,
  type ProgramVariant,
  REFUSAL_CODES,
  REJECTION_CODES,
  type RefusalCode,
  type RefusedMessage,
  type RejectedMessage,
  type RejectionCode,
  type WelcomeMessage,
} from "./coordinator-messages.ts";
export { type Crc32, crc32 } from "./crc32.ts";
export { deviceWords } from "./device-words.ts";
export { PROTOCOL_ERROR_CODES, ProtocolError, type ProtocolErrorCode } from "./errors.ts";
export {
  type ChunkFrame,
  decodeFrame,
  encodeChunkFrame,
  encodeChunkFrameInto,
  type Frame,
  type MessageFrame,
} from "./frame.ts";
export {
  CHUNK_BYTES_MAX,
  CONTROL_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  HELLO_WITHIN_MILLISECONDS,
  LEASE_MILLISECONDS_MAX,
  LEASES_PER_WORKER_MAX,
  NAME_LENGTH_MAX,
  OPEN_TRANSFERS_MAX,
  PROTOCOL_VERSION,
  RECONNECT_FIRST_MILLISECONDS,
  RECONNECT_MILLISECONDS_MAX,
  SENTENCE_LENGTH_MAX,
  SUMS_BYTES_MAX,
  TENSOR_BYTES_MAX,
} from "./limits.ts";
export { decodeCoordinatorMessage, decodeWorkerMessage, encodeMessage } from "./messages.ts";
export type { LeaseId, RunId, WorkerId } from "./schema-parts.ts";
export type { TensorDescriptor } from "./tensor-descriptor.ts";
export { TensorMemory } from "./tensor-memory.ts";
export {
  type CompletedTransfer,
  chunkFrames,
  chunkFramesInto,
  framedByteLength,
  Reassembly,
  type ReassemblyOptions,
} from "./transfer.ts";
export {
  type JudgedSample,
  type LayerActivation,
  parseWatchMessage,
  type TestSample,
  WATCH_FAILURE_CODES,
  type WatchActivations,
  type WatchDone,
  type WatchedNow,
  type WatchFailed,
  type WatchFailureCode,
  type WatchMessage,
  type WatchPrediction,
  type WatchRole,
  type WatchSample,
  type WatchSamples,
  type WatchSnapshot,
  type WatchUpdate,
} from "./watch-messages.ts";
export {
  WATCH_ACTIVATION_BYTES_MAX,
  WATCH_CELL_SAMPLES_MAX,
  WATCH_CLASS_NAME_LENGTH_MAX,
  WATCH_CLASS_NAMES_MAX,
  WATCH_EPOCH_POINTS_MAX,
  WATCH_EVENTS_MAX,
  WATCH_FOLLOW_MILLISECONDS,
  WATCH_LAYERS_MAX,
  WATCH_LEARNING_RATE_FACTOR_MAX,
  WATCH_PATH,
  WATCH_REQUEST_BURST_MAX,
  WATCH_REQUEST_BYTES_MAX,
  WATCH_REQUESTS_PER_SECOND_MAX,
  WATCH_STALENESS_STEPS_MAX,
  WATCH_STEP_POINTS_MAX,
  WATCH_SUBPROTOCOL,
  WATCH_TEST_SAMPLES_MAX,
  WATCH_THROUGHPUT_POINTS_MAX,
  WATCH_UPDATE_MILLISECONDS,
  WATCH_UPDATE_POINTS_MAX,
  WATCH_WAITING_BYTES_MAX,
  WATCH_WORKERS_MAX,
  WATCHERS_MAX,
} from "./watch-messages-limits.ts";
export {
  decodeWatchRequest,
  type WatchActivationsRequest,
  type WatchCommand,
  type WatchCommandRequest,
  type WatchedSource,
  type WatchFollowRequest,
  type WatchPredictRequest,
  type WatchRequest,
  type WatchSampleRequest,
  type WatchSamplesRequest,
} from "./watch-messages-requests.ts";
export type {
  CodecTraffic,
  EpochPoint,
  StepPoint,
  ThroughputPoint,
  WatchedConfusion,
  WatchedEvent,
  WatchedFeatures,
  WatchedField,
  WatchedLayer,
  WatchedProgress,
  WatchedRun,
  WatchedRunState,
  WatchedWorker,
  WatchedWorkerState,
} from "./watch-messages-state.ts";
export {
  type ContributionMessage,
  DECLINE_REASONS,
  type DeclineMessage,
  type DeclineReason,
  type EvaluationMessage,
  type HelloMessage,
  type LeaveMessage,
  type ReadyMessage,
  type ResultMessage,
  type WorkerKind,
  type WorkerMessage,
} from "./worker-messages.ts";

/** Version of everything in this package that both sides must agree on. A changed message schema forces a new one. */
export const PROTOCOL_VERSION = 3;

/** Bytes of the fixed header at the front of every frame. */
export const FRAME_HEADER_BYTES = 32;

/** Bytes of a frame's control part: a message is small, tensors travel in chunks. */
export const CONTROL_BYTES_MAX = 64 * 1024;

/** Bytes of a tensor in one chunk: small enough that control messages never wait long behind one. */
export const CHUNK_BYTES_MAX = 512 * 1024;

/** Bytes of the largest frame there is; a socket's `maxPayload`. */
export const FRAME_BYTES_MAX = FRAME_HEADER_BYTES + CHUNK_BYTES_MAX;

/** Bytes of one whole tensor, whatever a run declares: 2^30 float32 elements. */
export const TENSOR_BYTES_MAX = 2 ** 32;

/** Nesting of maps and arrays in a control part; the outer map counts as 1. */
export const CONTROL_DEPTH_MAX = 8;

/** Values in a control part, keys and containers included. */
export const CONTROL_NODES_MAX = 4_096;

/** Characters of a worker's name. */
export const NAME_LENGTH_MAX = 32;

/** Characters of an id: of a run, or of a worker. */
export const ID_LENGTH_MAX = 64;

/** Characters of a short token, such as a codec's name, a backend, an operation, an arithmetic class. */
export const TOKEN_LENGTH_MAX = 64;

/** Characters of what a worker computes on, in the words of its platform. */
export const ADAPTER_LENGTH_MAX = 128;

/** Characters of a sentence for people, such as a reason. */
export const SENTENCE_LENGTH_MAX = 512;

/** Codecs a worker may offer. */
export const CODECS_MAX = 16;

/** Program formats a worker may offer. */
export const PROGRAM_FORMATS_MAX = 16;

/** Operations a worker may list. */
export const OPERATIONS_MAX = 512;

/** Sizes of a microbatch that a run offers programs for, beside its own. */
export const VARIANTS_MAX = 8;

/** Compute threads of one worker. */
export const THREADS_MAX = 1_024;

/** Bytes of the sums that are no gradient (loss, weight, count, metrics; float32): at most 4,096 of them. */
export const SUMS_BYTES_MAX = 16 * 1024;

/** Leases one worker holds at a time, computed but not yet credited ones included. A further one is declined as "busy". */
export const LEASES_PER_WORKER_MAX = 4;

/** Transfers that may be unfinished at a time in one direction of a connection. */
export const OPEN_TRANSFERS_MAX = 4;

/** Milliseconds after a socket opened within which `hello` must have come. */
export const HELLO_WITHIN_MILLISECONDS = 5_000;

/** Milliseconds a lease may allow. */
export const LEASE_MILLISECONDS_MAX = 3_600_000;

/** Samples one lease may span. */
export const LEASE_SAMPLES_MAX = 2 ** 31;

/** Milliseconds of the first wait before connecting again; waits are drawn between 0 and a bound that doubles. */
export const RECONNECT_FIRST_MILLISECONDS = 500;

/** Milliseconds of the longest such bound. */
export const RECONNECT_MILLISECONDS_MAX = 30_000;

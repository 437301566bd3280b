/** Connections the server accepts at a time, HTTP and WebSocket together. */
export const CONNECTIONS_MAX = 1_024;

/** WebSockets from one address at a time: a class of laptops may share one. */
export const SOCKETS_PER_ADDRESS_MAX = 512;

/** Milliseconds until the headers of a request must be in. */
export const HEADERS_TIMEOUT_MILLISECONDS = 5_000;

/** Milliseconds until a whole request must be in. */
export const REQUEST_TIMEOUT_MILLISECONDS = 10_000;

/** Milliseconds after which an HTTP connection over which nothing moves is cut off, such as one whose other side does not read. */
export const IDLE_MILLISECONDS_MAX = 30_000;

/** Milliseconds between two looks for connections that are too slow. */
export const CONNECTION_CHECK_MILLISECONDS = 2_000;

/** Bytes of a request's headers. */
export const HEADER_BYTES_MAX = 8_192;

/** Requests on one HTTP connection. */
export const REQUESTS_PER_SOCKET_MAX = 1_000;

/** WebSocket fragments of one message; a worker needs one. */
export const FRAGMENTS_MAX = 64;

/** Chunks `ws` buffers of one message. */
export const BUFFERED_CHUNKS_MAX = 4_096;

/** Milliseconds between two pings of a worker. */
export const PING_MILLISECONDS = 5_000;

/** Pings without an answer after which a worker is gone. */
export const PINGS_MISSED_MAX = 2;

/** Milliseconds of silence after which a worker takes the coordinator for gone. */
export const LOST_AFTER_MILLISECONDS = 15_000;

/** Messages a connection may send a second in the long run; chunks do not count. */
export const MESSAGES_PER_SECOND_MAX = 2_000;

/** Messages a connection may send at once. */
export const MESSAGE_BURST_MAX = 4_000;

/** Chunks of tensors a connection may send a second in the long run: two gigabytes, if they are whole ones. */
export const CHUNKS_PER_SECOND_MAX = 4_000;

/** Chunks a connection may send at once: two of the largest tensors there are. */
export const CHUNK_BURST_MAX = 16_384;

/** Bytes of control messages that may wait to be sent to one worker, beside one transfer of parameters. */
export const WAITING_BYTES_MAX = 1_048_576;

/** Milliseconds a socket is given to close by itself. */
export const CLOSE_MILLISECONDS_MAX = 2_000;

/** Bytes of test data that can be looked at, 64 MiB, unless a single shard has more. */
export const INSPECTED_BYTES_MAX = 67_108_864;

/** Bytes that may wait for a watcher who does not read before it is cut off: several answers of the largest kind. */
export const WATCHER_WAITING_BYTES_MAX = 4_194_304;

/** Milliseconds between two looks inside, at least this many times what the first took: a step never waits long. */
export const INSPECTION_REST_FACTOR = 2;

/** Milliseconds of the longest such rest. */
export const INSPECTION_REST_MILLISECONDS_MAX = 1_000;

/** Milliseconds that the end of a run waits, for those who watch, until the last model is judged on the test data. */
export const LAST_JUDGEMENT_MILLISECONDS = 5_000;

/** Files of built pages that are served. */
export const PAGES_MAX = 256;

/** Bytes of one of them, 4 MiB. */
export const PAGE_BYTES_MAX = 4_194_304;

/** Checkpoints kept in the run's folder. */
export const CHECKPOINTS_KEPT = 3;

/** The part of the free memory that the values of one microbatch may take when the coordinator computes samples itself. */
export const EXAMINATION_MEMORY_SHARE = 0.5;

/** WebSocket subprotocol of those who watch a run; a token is offered beside it as workers do. */
export const WATCH_SUBPROTOCOL = "tributary-watch.v1";

/** Path of the watchers' WebSocket on the coordinator's HTTP server. */
export const WATCH_PATH = "/watch";

/** Watchers of a run at a time, in each role; a further one is closed with 1013. */
export const WATCHERS_MAX = 32;

/** Bytes of one message of a watcher: a sample in base64 is the largest thing it sends. */
export const WATCH_REQUEST_BYTES_MAX = 262_144;

/** Messages a watcher may send a second in the long run. */
export const WATCH_REQUESTS_PER_SECOND_MAX = 10;

/** Messages a watcher may send at once. */
export const WATCH_REQUEST_BURST_MAX = 40;

/** Factor of the learning rate that a watcher may ask for at most. */
export const WATCH_LEARNING_RATE_FACTOR_MAX = 1_000;

/** Milliseconds between two updates: at most 4 a second. */
export const WATCH_UPDATE_MILLISECONDS = 250;

/** Milliseconds between two sets of activations of a followed sample. */
export const WATCH_FOLLOW_MILLISECONDS = 1_000;

/** Bytes that may wait to be sent to a watcher before updates are left out for it. */
export const WATCH_WAITING_BYTES_MAX = 1_048_576;

/** Points of the curve of steps in a snapshot; older ones are thinned out. */
export const WATCH_STEP_POINTS_MAX = 1_024;

/** Points of steps in one update; a watcher that missed more gets every n-th. */
export const WATCH_UPDATE_POINTS_MAX = 256;

/** Epochs kept for the curves; the newest ones. */
export const WATCH_EPOCH_POINTS_MAX = 1_024;

/** Points of throughput kept, one a second; the newest ones. */
export const WATCH_THROUGHPUT_POINTS_MAX = 300;

/** Lines of the event log kept. */
export const WATCH_EVENTS_MAX = 200;

/** Rows of the table of workers: those who are there, and behind them the latest who went. */
export const WATCH_WORKERS_MAX = 320;

/** Classes whose names are shown; where there are more, they go by their numbers. */
export const WATCH_CLASS_NAMES_MAX = 1_024;

/** Characters of a class's name. */
export const WATCH_CLASS_NAME_LENGTH_MAX = 64;

/** Layers shown of a model. */
export const WATCH_LAYERS_MAX = 256;

/** Bytes of values (before base64) in one answer with activations; larger layers are cut to their first values. */
export const WATCH_ACTIVATION_BYTES_MAX = 262_144;

/** Test samples that a confusion table of the coordinator's own, and its samples, are computed over. */
export const WATCH_TEST_SAMPLES_MAX = 2_000;

/** Samples shown of one cell of the confusion table. */
export const WATCH_CELL_SAMPLES_MAX = 12;

/** Steps behind that the histogram of staleness tells apart; the last place counts everything beyond. */
export const WATCH_STALENESS_STEPS_MAX = 16;

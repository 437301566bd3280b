/** Sessions a run admits unless its settings say otherwise. */
export const WORKERS_MAX = 256;

/** Leases ahead of the fold that may be uploading or staged (W): staging is bounded by W times the wire size for any number of workers. */
export const STAGED_LEASES_MAX = 16;

/**
 * Leases one worker holds: one it computes, and computed ones that wait for credit. One below the protocol's own limit, because a worker may
 * have one more for the samples that the fold waits for.
 */
export const HELD_LEASES_MAX = 3;

/** Microbatches of the first lease of a worker whose speed is not known. */
export const FIRST_LEASE_MICROBATCHES = 1;

/** Leases after which a worker's rate is believed. */
export const MEASUREMENTS_MIN = 3;

/** A worker too slow to get a share is tried again after this many times the time its microbatch took. */
export const PROBE_DISTANCE = 25;

/** Milliseconds a lease of a worker with known speed is sized for at most, unless the settings say otherwise. */
export const LEASE_TARGET_MILLISECONDS = 2_000;

/** Milliseconds any lease allows at least: below it, the noise of a busy machine would cut leases short. */
export const LEASE_MILLISECONDS_MIN = 500;

/** Milliseconds a lease allows at most; the protocol's own limit is an hour. */
export const LEASE_MILLISECONDS_MAX = 600_000;

/** Milliseconds of the first lease of a worker: programs may still be compiled and shards fetched in it. */
export const FIRST_LEASE_MILLISECONDS = 30_000;

/** Milliseconds a lease allows at least in a deterministic run, in which no part of a lease can be taken. */
export const FIXED_LEASE_MILLISECONDS_MIN = 10_000;

/** A lease allows this many times what it should take. */
export const LEASE_SLACK_FACTOR = 2;

/** Milliseconds added to what a lease allows before it counts as expired: the way there and back. */
export const LEASE_GRACE_MILLISECONDS = 1_000;

/** Milliseconds an upload may take beside its bytes. */
export const UPLOAD_GRACE_MILLISECONDS = 10_000;

/** Bytes a second below which an upload counts as stuck. */
export const UPLOAD_BYTES_PER_SECOND_MIN = 65_536;

/** Contributions that had to be refused before a worker is quarantined. */
export const STRIKES_MAX = 3;

/** Workers that are remembered to have failed on one range: a bad one may come back any number of times. */
export const REFUSED_WORKERS_MAX = 4 * WORKERS_MAX;

/** Workers that must all fail on one range before the run itself is suspected; fewer when fewer are there. */
export const DIVERGED_WORKERS = 3;

/** Times a single worker, alone in the run, fails on one range before the run itself is suspected. */
export const DIVERGED_REFUSALS = 3;

/** Milliseconds a worker rests after its first declined lease; doubles with every further one. */
export const REST_FIRST_MILLISECONDS = 250;

/** Milliseconds of the longest such rest. */
export const REST_MILLISECONDS_MAX = 30_000;

/** Microbatches of evaluate leases ahead of the fold: their sums need no credit, so this bounds what is staged. */
export const EVALUATION_LEASES_AHEAD_MAX = 256;

/** Milliseconds a run that was told to stop waits for its open step. */
export const STOP_STEP_MILLISECONDS_MAX = 10_000;

/** A contribution whose norm per sample is this many times the running median is refused like one that is not finite. */
export const NORM_FACTOR_MAX = 1e4;

/** Accepted contributions the running median of norms is taken over. */
export const NORM_WINDOW = 64;

/** Accepted contributions before the norm is judged at all. */
export const NORM_WINDOW_MIN = 16;

/** Leases one step can be cut into. */
export const STEP_LEASES_MAX = 65_536;

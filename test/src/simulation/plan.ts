import { SeededRandom } from "./seeded-random.ts";

/** What may befall one virtual worker, and how good it and its link are. */
export interface WorkerPlan {
  readonly name: string;
  readonly joinMs: number;
  readonly microbatchMs: number;
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** Probabilities, each a lease. */
  readonly crash: number;
  readonly crashInUpload: number;
  readonly leave: number;
  readonly freeze: number;
  /** Its JavaScript never goes on, while its socket stays. */
  readonly hang: number;
  readonly decline: number;
  readonly duplicate: number;
  readonly partial: number;
  readonly notFinite: number;
  /** It says that it cannot compute a lease. */
  readonly failed: number;
  readonly damaged: number;
  readonly nonsense: number;
  /** Milliseconds until it comes back after it went; null: never. */
  readonly returnsAfterMs: number | null;
}

/** One simulated run, wholly decided by its seed. */
export interface SimulationPlan {
  readonly seed: number;
  readonly samples: number;
  readonly testSamples: number;
  readonly batchSize: number;
  readonly microbatch: number;
  readonly epochs: number;
  readonly quorum: number;
  readonly leaseMicrobatches: number | null;
  readonly deterministic: boolean;
  readonly workers: readonly WorkerPlan[];
  /** When somebody pauses the run, and for how long. */
  readonly pauses: readonly { readonly atMs: number; readonly forMs: number }[];
}

const QUIET = {
  crash: 0,
  crashInUpload: 0,
  leave: 0,
  freeze: 0,
  hang: 0,
  decline: 0,
  duplicate: 0,
  partial: 0,
  notFinite: 0,
  failed: 0,
  damaged: 0,
  nonsense: 0,
  returnsAfterMs: null,
} as const;

/** A worker that nothing befalls; it stays to the end, so that a run can always be finished. */
export function steadyWorker(name: string, joinMs: number): WorkerPlan {
  return { name, joinMs, microbatchMs: 5, latencyMs: 1, bytesPerMs: 1_000, ...QUIET };
}

/** Draws a run: its sizes, its workers, and what befalls them. */
export function drawPlan(seed: number): SimulationPlan {
  const random = new SeededRandom(seed);
  const microbatch = random.integer(1, 8);
  // Now and then more leases than may be staged at a time.
  const batchSize = microbatch * (random.chance(0.25) ? random.integer(17, 60) : random.integer(1, 16));
  const deterministic = random.chance(0.15);
  const fixed = deterministic || random.chance(0.2);
  const count = random.chance(0.2) ? random.integer(20, 50) : random.integer(1, 12);
  // Now and then all but the steady one are broken.
  const broken = random.chance(0.5) ? random.pick([0.1, 0.5, 1]) : 0;
  const workers = Array.from({ length: count }, (_, index) => drawWorker(random, index, broken));
  const plan = {
    seed,
    samples: random.integer(1, 400),
    testSamples: random.chance(0.7) ? random.integer(1, 120) : 0,
    batchSize,
    microbatch,
    epochs: random.integer(1, 2),
    quorum: !deterministic && random.chance(0.2) ? random.between(0.3, 0.95) : 1,
    leaseMicrobatches: fixed ? random.integer(1, 4) : null,
    deterministic,
    workers: [...workers, steadyWorker("steady", random.chance(0.5) ? 0 : random.integer(0, 20_000))],
  };
  // Drawn last, so that a seed's workers are the same with and without them.
  const pauses = Array.from({ length: random.chance(0.3) ? random.integer(1, 3) : 0 }, () => ({
    atMs: random.integer(0, 8_000),
    forMs: random.integer(0, 4_000),
  }));
  return { ...plan, pauses };
}

function drawWorker(random: SeededRandom, index: number, broken: number): WorkerPlan {
  const often = () => (random.chance(0.3) ? random.between(0.01, 0.2) : 0);
  return {
    name: `drawn ${index}`,
    joinMs: random.chance(0.5) ? 0 : random.integer(0, 5_000),
    microbatchMs: random.chance(0.15) ? random.between(50, 800) : random.between(1, 20),
    latencyMs: random.between(0.1, 80),
    bytesPerMs: random.chance(0.1) ? 20 : random.between(200, 10_000),
    crash: often(),
    crashInUpload: often(),
    leave: often(),
    freeze: often(),
    hang: random.chance(0.1) ? 0.05 : 0,
    decline: often(),
    duplicate: often(),
    partial: often(),
    notFinite: random.chance(broken) ? random.pick([0.05, 0.4, 1]) : 0,
    failed: random.chance(broken) ? random.pick([0, 0, 0.1, 1]) : 0,
    damaged: random.chance(0.1) ? 0.05 : 0,
    nonsense: often(),
    returnsAfterMs: random.chance(0.7) ? random.integer(10, 4_000) : null,
  };
}

import {
  type Effect,
  EVALUATION_LEASES_AHEAD_MAX,
  type RunMachine,
  type RunSummary,
  STAGED_LEASES_MAX,
  type StepRecord,
} from "@tributary/coordinator";
import type { WorkerId } from "@tributary/protocol";
import type { SimulationPlan } from "./plan.ts";
import { type TinyParameters, type TinySums, tinyGradient } from "./tiny-model.ts";
import type { UpMessage } from "./virtual-messages.ts";

/** What must hold in every simulated run, whatever happens; each broken one throws with the seed. */
export class Invariants {
  readonly records: StepRecord[] = [];
  readonly #plan: SimulationPlan;
  #lastLease = 0;
  #foldedStart = -1;
  #leaseStarts = new Map<number, number>();
  /** Step of the parameters sent last, by worker. */
  readonly #sentStep = new Map<WorkerId, number>();
  readonly #unanswered = new Map<WorkerId, number>();

  constructor(plan: SimulationPlan) {
    this.#plan = plan;
  }

  check(holds: boolean, what: string): void {
    if (!holds) throw new Error(`Seed ${this.#plan.seed}: ${what}`);
  }

  onUp(worker: WorkerId, up: UpMessage): void {
    if (up.kind === "message" && up.message.type === "ready") this.#unanswered.set(worker, 0);
  }

  onEffect(effect: Effect): void {
    switch (effect.type) {
      case "broadcast":
        for (const worker of effect.workers) {
          const unanswered = this.#unanswered.get(worker) ?? 0;
          this.check(unanswered === 0, `${worker} is sent parameters twice before it answers`);
          this.#unanswered.set(worker, 1);
          this.#sentStep.set(worker, effect.step);
        }
        return;
      case "send":
        if (effect.message.type === "lease") this.#onLease(effect.worker, effect.message);
        return;
      case "fold":
        for (const { lease } of effect.items) {
          const start = this.#leaseStarts.get(lease) ?? -1;
          this.check(
            start > this.#foldedStart,
            `lease ${lease} of sample ${start} is folded after sample ${this.#foldedStart}`,
          );
          this.#foldedStart = start;
        }
        return;
      case "update":
      case "evaluate":
        this.#foldedStart = -1;
        this.#leaseStarts = new Map();
        return;
      case "persist":
        this.check(
          effect.record.step === this.records.length + 1,
          `step ${effect.record.step} follows ${this.records.length}`,
        );
        this.records.push(effect.record);
        return;
      default:
    }
  }

  #onLease(worker: WorkerId, lease: { lease: number; step: number; start: number; end: number }): void {
    this.check(lease.lease > this.#lastLease, `lease id ${lease.lease} is used again`);
    this.#lastLease = lease.lease;
    this.#leaseStarts.set(lease.lease, lease.start);
    this.check(
      this.#sentStep.get(worker) === lease.step,
      `${worker} has a lease of step ${lease.step} without its parameters`,
    );
    const cells = this.#plan.leaseMicrobatches;
    const longest = cells === null ? this.#plan.batchSize : cells * this.#plan.microbatch;
    const training = lease.end <= this.#plan.samples;
    if (training && cells !== null)
      this.check(lease.end - lease.start <= longest, `lease ${lease.lease} is longer than fixed`);
  }

  afterEvent(machine: RunMachine): void {
    const { workers, leases, slots, staged } = machine.sizes;
    const evaluating = machine.phase === "evaluating" || machine.phase === "summing";
    this.check(
      staged <= (evaluating ? EVALUATION_LEASES_AHEAD_MAX : STAGED_LEASES_MAX),
      `${staged} contributions are staged`,
    );
    this.check(workers <= 4 * this.#plan.workers.length, `${workers} workers are remembered`);
    this.check(machine.phase !== "paused" || leases + slots === 0, `a paused run has ${leases} leases`);
    const longest = evaluating ? this.#plan.testSamples : this.#plan.batchSize;
    this.check(slots <= 2 * Math.ceil(longest / this.#plan.microbatch) + 2, `${slots} slots for ${longest} samples`);
    this.check(leases <= 16 * this.#plan.workers.length + 256, `${leases} leases are remembered`);
  }

  /** The evaluation's sums are those of one process over the whole test set. */
  onEvaluated(sums: TinySums, parameters: TinyParameters): void {
    const whole = tinyGradient(parameters, 1_000, 0, this.#plan.testSamples);
    this.check(
      sums.first === whole.first && sums.samples === whole.samples,
      "the evaluation's sums are not those of the test set",
    );
  }

  atEnd(summary: RunSummary, staged: number): void {
    this.check(summary.outcome === "finished", `the run ended as ${summary.outcome}: ${summary.reason}`);
    if (this.#plan.deterministic) this.#checkPartition();
    this.check(staged === 0, `${staged} handles were neither folded nor dropped`);
    for (let epoch = 0; epoch < this.#plan.epochs; epoch += 1) {
      const commits = this.records.filter((record) => record.epoch === epoch).flatMap((record) => record.commits);
      const sorted = [...commits].sort((a, b) => a.start - b.start);
      let next = 0;
      for (const { start, end } of sorted) {
        this.check(
          start === next,
          `epoch ${epoch}: samples ${next} to ${start} are committed ${start > next ? "never" : "twice"}`,
        );
        next = end;
      }
      this.check(next === this.#plan.samples, `epoch ${epoch}: ${next} of ${this.#plan.samples} samples are committed`);
    }
  }

  /** In a deterministic run the cuts between leases are the same whoever was there. */
  #checkPartition(): void {
    const cell = (this.#plan.leaseMicrobatches ?? 1) * this.#plan.microbatch;
    for (const { step, commits } of this.records) {
      const first = commits[0]?.start ?? 0;
      const last = commits.at(-1)?.end ?? 0;
      const cuts = Array.from({ length: Math.ceil((last - first) / cell) }, (_, index) => first + index * cell);
      const same = commits.length === cuts.length && commits.every(({ start }, index) => start === cuts[index]);
      this.check(same, `step ${step} of a deterministic run is cut at ${commits.map(({ start }) => start).join(", ")}`);
    }
  }
}

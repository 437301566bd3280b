import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

const STALL_CHANCE = 0.01;
const STALL_MILLISECONDS_MAX = 800;

/** One direction of a connection: ordered, delayed at random, now and then stalled. Two links reorder against each other. */
export class Link {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #latencyMs: number;
  #lastMs = 0;
  #open = true;

  constructor(clock: VirtualClock, random: SeededRandom, latencyMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  /** Delivers after everything sent before. @param wireMs time the bytes take on the wire */
  send(wireMs: number, deliver: () => void): void {
    const stall = this.#random.chance(STALL_CHANCE) ? this.#random.between(0, STALL_MILLISECONDS_MAX) : 0;
    const arrivalMs = this.#clock.nowMs + this.#latencyMs * this.#random.between(0.5, 1.5) + stall;
    this.#lastMs = Math.max(this.#lastMs, arrivalMs) + wireMs;
    this.#clock.at(this.#lastMs, () => {
      if (this.#open) deliver();
    });
  }

  /** Nothing is delivered any more. */
  cut(): void {
    this.#open = false;
  }
}

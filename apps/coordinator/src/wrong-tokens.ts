import type { ErrorEvent } from "@tributary/program";
import { TokenBucket } from "./token-bucket.ts";

/** What is told when somebody may be guessing tokens. */
export const MANY_WRONG_TOKENS: ErrorEvent = {
  event: "error",
  code: "WRONG_TOKENS",
  message: "Many wrong tokens come from one address: somebody may be guessing, or uses a link of an earlier run",
  remedy: "They are answered slowly. A token that the coordinator makes itself, of 128 bits, cannot be guessed",
};

/** Wrong tokens of one address that are answered at once: a class that types, and pages of an earlier run that are still open. */
const BURST = 32;

/** Wrong tokens a second of one address that are answered at once in the long run. */
const PER_SECOND = 0.5;

/** Milliseconds that the answer to any other one waits. */
const REST_MILLISECONDS = 2_000;

/** Answers that wait at a time; a connection beyond them is cut off. */
const WAITING_MAX = 64;

/** Addresses remembered; the oldest is forgotten first. */
const ADDRESSES_MAX = 1_024;

/** Milliseconds between two words about it. */
const WORDS_MILLISECONDS = 60_000;

/** What {@link WrongTokens} needs. */
export interface WrongTokensOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Calls back after so many milliseconds, unless what it returns is called before. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  /** Hears that one address sends many; once a minute at most. */
  readonly onMany: () => void;
}

/** How a request with a wrong token can end. */
export interface Refusal {
  /** Says no. */
  readonly answer: () => void;
  /** Ends the connection without a word. */
  readonly cut: () => void;
}

/**
 * Slows down whoever guesses tokens. Only requests whose token was compared, and is wrong, come here: many people share the address of
 * their school or their provider, and a right token is never refused for what others sent from there.
 */
export class WrongTokens {
  readonly #options: WrongTokensOptions;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Ends each answer that waits. */
  readonly #waiting = new Set<() => void>();
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: WrongTokensOptions) {
    this.#options = options;
  }

  /** Refuses one: at once, later, or by cutting the connection where too many wait. */
  refuse(address: string, { answer, cut }: Refusal): void {
    const { now, after, onMany } = this.#options;
    const nowMs = now();
    if (this.#bucketOf(address, nowMs).take(nowMs)) {
      answer();
      return;
    }
    if (nowMs - this.#toldMs >= WORDS_MILLISECONDS) {
      this.#toldMs = nowMs;
      onMany();
    }
    if (this.#waiting.size >= WAITING_MAX) {
      cut();
      return;
    }
    const cancel = after(REST_MILLISECONDS, () => {
      this.#waiting.delete(end);
      answer();
    });
    const end = () => {
      cancel();
      cut();
    };
    this.#waiting.add(end);
  }

  /** Cuts what waits. */
  dispose(): void {
    for (const end of this.#waiting) end();
    this.#waiting.clear();
  }

  #bucketOf(address: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    if (this.#buckets.size >= ADDRESSES_MAX) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    const bucket = new TokenBucket(PER_SECOND, BURST, nowMs);
    this.#buckets.set(address, bucket);
    return bucket;
  }
}

import type { Clock } from "@tributary/worker";

/** The browser's own clock. */
export const THREAD_CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

import { WATCH_UPDATE_MILLISECONDS } from "@tributary/protocol";

/** Rows of the table of workers that a watcher is told in a second: with some 450 bytes each, about 115 kB. */
const ROWS_A_SECOND_MAX = 256;

/** Milliseconds between two updates: every one has all rows of the table of workers, so that large tables come less often. */
export function updateRestMilliseconds(rows: number): number {
  return Math.max(WATCH_UPDATE_MILLISECONDS, (1000 * rows) / ROWS_A_SECOND_MAX);
}

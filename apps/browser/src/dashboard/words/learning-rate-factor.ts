import { WATCH_LEARNING_RATE_FACTOR_MAX } from "@tributary/protocol";

/** A plain decimal number; a comma stands for the point where people write one. */
const FACTOR_FORM = /^\d*[.,]?\d+(e[+-]?\d+)?$/i;

/** A factor of the learning rate as somebody wrote it; null for what the coordinator would not take. */
export function parseFactor(text: string): number | null {
  const written = text.trim();
  if (!FACTOR_FORM.test(written)) return null;
  const factor = Number(written.replace(",", "."));
  return factor > 0 && factor <= WATCH_LEARNING_RATE_FACTOR_MAX ? factor : null;
}

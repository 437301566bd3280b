/** How a thing stands: `warning` leaves a run possible, `problem` does not. */
export type Standing = "ok" | "warning" | "problem";

/** One line of what `tributary doctor` found. */
export interface Finding {
  /** Short and lasting, for scripts: "node", "disk". */
  readonly name: string;
  readonly standing: Standing;
  /** For people. */
  readonly message: string;
  /** What to do about it; null when nothing is to be done. */
  readonly remedy: string | null;
}

/** A finding of something that is as it should be. */
export function ok(name: string, message: string): Finding {
  return { name, standing: "ok", message, remedy: null };
}

/** A finding that leaves a run possible. */
export function warning(name: string, message: string, remedy: string): Finding {
  return { name, standing: "warning", message, remedy };
}

/** A finding that keeps a run from working. */
export function problem(name: string, message: string, remedy: string): Finding {
  return { name, standing: "problem", message, remedy };
}

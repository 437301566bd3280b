import { AutogradError } from "./errors.ts";

/** How many traced functions are running inside one another; they are synchronous, so one counter holds for all. */
let depth = 0;

/** Runs a function whose operations are recorded for later; while it runs no value may be asked for. */
export function traced<Result>(body: () => Result): Result {
  depth += 1;
  try {
    return body();
  } finally {
    depth -= 1;
  }
}

/** What asking for a value in a trace gives. */
export function valueInTrace(what: string): AutogradError {
  return new AutogradError(
    "VALUE_IN_TRACE",
    `${what} was asked for while a function is traced, when values do not exist yet: choose with where() instead of if, or compute it outside and pass it in`,
  );
}

/** @throws AutogradError VALUE_IN_TRACE while a function is traced */
export function requireNoTrace(what: string): void {
  if (depth > 0) throw valueInTrace(what);
}

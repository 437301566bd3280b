import { type Callback, onEvents } from "./callbacks.ts";
import type { ProgressPlan } from "./progress-bar.ts";
import { Reporter, type ReporterOutput } from "./reporter.ts";

/** Columns of a terminal that does not say how many it has. */
const USUAL_COLUMNS = 80;

/** A run's progress for people, as the command line shows it: a bar on a terminal, elsewhere a line now and then. */
export function progress(plan: ProgressPlan, output: ReporterOutput = standardError()): Callback {
  const reporter = new Reporter("people", plan, output);
  return onEvents((event) => {
    reporter.report(event);
    if (event.event === "finished") reporter.end();
  });
}

/** Standard error, where there is one; elsewhere nothing is written. */
function standardError(): ReporterOutput {
  const stream = typeof process === "undefined" ? undefined : process.stderr;
  const words = (text: string) => void stream?.write(text);
  return {
    data: words,
    words,
    columns: () => (stream?.isTTY === true ? (stream.columns ?? USUAL_COLUMNS) : null),
    nowMs: () => performance.now(),
  };
}

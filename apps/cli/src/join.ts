import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseJoinAddress, runNodeWorker } from "@tributary/node-worker";
import type { ReporterOutput } from "@tributary/training";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { checkGpuAsked } from "./gpu-asked.ts";
import type { Options } from "./options.ts";
import { authoritiesIn } from "./reach/own-certificate.ts";
import { StopSignals } from "./stop-signals.ts";
import { joiningToken } from "./tokens.ts";

/** Works for a coordinator until its run is over. @returns the exit code @throws NodeWorkerError JOIN_ADDRESS; CommandError USAGE, GPU_MISSING, CERTIFICATE_INVALID */
export async function join(url: string, options: Options, output: ReporterOutput): Promise<ExitCode> {
  const token = joiningToken(options, parseJoinAddress(url).token, process.env);
  checkGpuAsked(options);
  if (options.ca !== undefined) trustAuthorities(authoritiesIn(options.ca));
  const controller = new AbortController();
  const say = (text: string) => {
    if (!options.json && !options.quiet) output.words(`${text}\n`);
  };
  const signals = new StopSignals(output.nowMs);
  signals.onFirst((signal) => {
    output.words(`${signal}: giving leases back, then leaving; once more to leave at once\n`);
    controller.abort();
  });
  let contributions = 0;
  /** Why it is not connected, as it was told last. */
  let said: string | null = null;
  try {
    const end = await runNodeWorker({
      url,
      threads: options.threads ?? 1,
      backend: options.backend ?? "auto",
      signal: controller.signal,
      token,
      ...(options.name === undefined ? {} : { name: options.name }),
      onEvent: (event) => {
        if (options.json) output.data(`${JSON.stringify(event)}\n`);
        if (event.type === "joined") say(`Joined run ${event.run} at step ${event.step} as ${event.worker}`);
        if (event.type === "disconnected") {
          // Once in full: a coordinator that is away is asked again and again.
          const what = event.message === said ? "No answer yet" : sentence(event.message);
          said = event.message;
          say(`${what}; trying again in ${(event.retryMilliseconds / 1000).toFixed(1)} s`);
        }
        if (event.type === "joined") said = null;
        if (event.type === "device") say(event.sentence);
        if (event.type === "sent") contributions += 1;
      },
    });
    if (options.json) output.data(`${JSON.stringify({ type: "end", ...end })}\n`);
    const isStopped = signals.received !== null;
    if (end.reason === "finished" || end.reason === "left" || isStopped) {
      say(`${isStopped ? "Left" : end.message} (${contributions} contributions sent)`);
      return exitCodeOf(signals);
    }
    output.words(`${sentence(end.message)}\n`);
    return end.reason === "failed" ? EXIT_CODES.failure : EXIT_CODES.cannotConnect;
  } finally {
    signals.dispose();
  }
}

/** As it stands at the beginning of a line; addresses stay as they are. */
function sentence(text: string): string {
  return text.replace(/^[a-z]+ /, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}

function exitCodeOf({ received }: StopSignals): ExitCode {
  if (received === null) return EXIT_CODES.done;
  return received === "SIGINT" ? EXIT_CODES.interrupted : EXIT_CODES.terminated;
}

/** Has every connection of this process take certificates of these authorities too. */
function trustAuthorities(authorities: readonly string[]): void {
  setDefaultCACertificates([...getCACertificates("default"), ...authorities]);
}

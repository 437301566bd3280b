import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { runNodeWorker } from "@tributary/node-worker";
import type { ReporterOutput } from "@tributary/training";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import type { Options } from "./options.ts";
import { authoritiesIn } from "./reach/own-certificate.ts";
import { StopSignals } from "./stop-signals.ts";

/** Works for a coordinator until its run is over. @returns the exit code @throws NodeWorkerError JOIN_ADDRESS; CommandError CERTIFICATE_INVALID */
export async function join(url: string, options: Options, output: ReporterOutput): Promise<ExitCode> {
  if (options.ca !== undefined) trustAuthorities(authoritiesIn(options.ca));
  const controller = new AbortController();
  const say = (text: string) => {
    if (!options.json && !options.quiet) output.words(`${text}\n`);
  };
  const signals = new StopSignals((signal) => {
    output.words(`${signal}: giving leases back, then leaving; once more to leave at once\n`);
    controller.abort();
  });
  let contributions = 0;
  try {
    const end = await runNodeWorker({
      url,
      threads: options.threads ?? 1,
      backend: options.backend ?? "auto",
      signal: controller.signal,
      ...(options.token === undefined ? {} : { token: options.token }),
      ...(options.name === undefined ? {} : { name: options.name }),
      onEvent: (event) => {
        if (options.json) output.data(`${JSON.stringify(event)}\n`);
        if (event.type === "joined") say(`Joined run ${event.run} at step ${event.step} as ${event.worker}`);
        if (event.type === "disconnected")
          say(`${event.message}; trying again in ${(event.retryMilliseconds / 1000).toFixed(1)} s`);
        if (event.type === "device") say(event.sentence);
        if (event.type === "sent") contributions += 1;
      },
    });
    if (options.json) output.data(`${JSON.stringify({ type: "end", ...end })}\n`);
    if (end.reason === "finished" || end.reason === "left") {
      say(`${end.message} (${contributions} contributions sent)`);
      return signals.received === "SIGINT"
        ? EXIT_CODES.interrupted
        : signals.received === "SIGTERM"
          ? EXIT_CODES.terminated
          : EXIT_CODES.done;
    }
    output.words(`${end.message}\n`);
    return end.reason === "unreachable" || end.reason === "refused" || end.reason === "closed"
      ? EXIT_CODES.cannotConnect
      : EXIT_CODES.failure;
  } finally {
    signals.dispose();
  }
}

/** Has every connection of this process take certificates of these authorities too. */
function trustAuthorities(authorities: readonly string[]): void {
  setDefaultCACertificates([...getCACertificates("default"), ...authorities]);
}

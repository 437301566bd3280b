import { CodedError } from "@tributary/program";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";

/** Every code a {@link CommandError} can carry, with what it means and how to mend it. */
export const CLI_ERROR_CODES = {
  USAGE:
    "The command line has a word, an option or a value that the command does not take: see tributary COMMAND --help",
  RUN_FILE_INVALID:
    "The run file cannot be loaded, or its default export is not made by defineRun: the message says which",
  DATA_INVALID:
    "What --data names is not there, or not in a form that can be read: the message says what is understood",
  CANNOT_CONNECT:
    "The coordinator's address cannot be bound or reached: choose another port or host, or see whether it runs",
  CANNOT_FETCH:
    "A dataset cannot be fetched: connect this machine to the network, or put the files where the message says",
  CERTIFICATE_INVALID:
    "A certificate or its key cannot be used: the message says which file, and what is wrong with it",
  STORAGE_FAILED: "The run's folder cannot be made or written: choose another --out, or see its rights and its disk",
  GPU_MISSING: "No worker can have a GPU here, which --backend webgpu asks for: the message says what to install",
  WORKER_FAILED: "A local worker process ended by itself: its own lines on standard error say why",
} as const;

/** A code of {@link CLI_ERROR_CODES}. */
export type CliErrorCode = keyof typeof CLI_ERROR_CODES;

const EXIT_CODE_OF: Readonly<Record<CliErrorCode, ExitCode>> = {
  USAGE: EXIT_CODES.wrongUsage,
  RUN_FILE_INVALID: EXIT_CODES.invalidRunOrData,
  DATA_INVALID: EXIT_CODES.invalidRunOrData,
  CANNOT_CONNECT: EXIT_CODES.cannotConnect,
  CANNOT_FETCH: EXIT_CODES.cannotConnect,
  CERTIFICATE_INVALID: EXIT_CODES.failure,
  STORAGE_FAILED: EXIT_CODES.failure,
  GPU_MISSING: EXIT_CODES.failure,
  WORKER_FAILED: EXIT_CODES.failure,
};

/** Why a command cannot do its work, and how to mend it; knows the exit code that scripts see. */
export class CommandError extends CodedError<CliErrorCode> {
  override readonly name = "CommandError";
  readonly remedy: string;

  constructor(code: CliErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(code, message, options);
    this.remedy = remedy;
  }

  /** The process's exit code for this error. */
  get exitCode(): ExitCode {
    return EXIT_CODE_OF[this.code];
  }
}

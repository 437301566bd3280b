import { WORKER_ERROR_CODES, WorkerError, type WorkerErrorCode } from "../errors.ts";
import type { CarriedError } from "./thread-messages.ts";

/** What of an error goes to the other thread. */
export function carriedError(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { name: "Error", code: null, message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  return { name: error.name, code, message: error.message };
}

/** The error that came from a thread: a WorkerError again if it was one; of others the name and the code stay. */
export function errorFrom({ name, code, message }: CarriedError): Error {
  if (isWorkerErrorCode(code)) return new WorkerError(code, message);
  return Object.assign(new Error(message), { name }, code === null ? {} : { code });
}

function isWorkerErrorCode(code: string | null): code is WorkerErrorCode {
  return code !== null && Object.hasOwn(WORKER_ERROR_CODES, code);
}

import { WorkerError } from "../errors.ts";
import type { CarriedError } from "./thread-messages.ts";

/** What of an error goes to the other thread. */
export function carriedError(error: unknown): CarriedError {
  if (error instanceof WorkerError) return { type: "worker", code: error.code, message: error.message };
  if (!(error instanceof Error)) return { type: "other", name: "Error", code: null, message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  return { type: "other", name: error.name, code, message: error.message };
}

/** The error that came from a thread: a WorkerError again if it was one; of others the name and the code stay. */
export function errorFrom(carried: CarriedError): Error {
  const { code, message } = carried;
  if (carried.type === "worker") return new WorkerError(carried.code, message);
  return Object.assign(new Error(message), { name: carried.name }, code === null ? {} : { code });
}

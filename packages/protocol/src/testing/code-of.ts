import { ProtocolError } from "../errors.ts";

/** The code of the ProtocolError that something ends with, or "no error". Any other error goes on. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return "no error";
}

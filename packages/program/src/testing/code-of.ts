import { ProgramError, type ProgramErrorCode } from "../errors.ts";

/** The code of the ProgramError that something ends with, or "none". Any other error goes on. */
export function codeOf(run: () => unknown): ProgramErrorCode | "none" {
  try {
    run();
  } catch (error) {
    if (error instanceof ProgramError) return error.code;
    throw error;
  }
  return "none";
}

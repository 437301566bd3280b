import { CommandError } from "../errors.ts";

/** The error that something is refused with. @throws Error if it is not refused */
export function refusal(action: () => unknown): CommandError {
  try {
    action();
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("Nothing was refused");
}

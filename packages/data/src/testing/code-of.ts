import { DataError, type DataErrorCode } from "../errors.ts";

/** The code of the DataError that something ends with, or "accepted". Any other error goes on. */
export function codeOf(action: () => unknown): DataErrorCode | "accepted" {
  try {
    action();
  } catch (error) {
    if (error instanceof DataError) return error.code;
    throw error;
  }
  return "accepted";
}

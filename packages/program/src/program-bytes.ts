import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { ProgramError } from "./errors.ts";
import { PROGRAM_LIMITS, type ProgramLimits } from "./limits.ts";
import type { Program } from "./program.ts";
import { readProgram } from "./program-reader.ts";
import { writeProgram } from "./program-writer.ts";
import { validateProgram } from "./validate-program.ts";

/**
 * The canonical bytes of a valid program: equal programs have equal bytes on every machine. program-format.ts gives the grammar.
 * @returns bytes that belong to the caller
 * @throws ProgramError when the program cannot be written; {@link createProgram} makes none that cannot
 */
export function encodeProgram(program: Program): Uint8Array {
  return writeProgram(program);
}

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}

/**
 * The program that {@link encodeProgram} encoded, from bytes of any origin, which are borrowed. Everything is checked:
 * form, limits, types, names, and that the bytes are the canonical ones.
 * @throws ProgramError BYTES_*, LIMIT_*, OPERATION_UNKNOWN, and those of {@link validateProgram}; never anything else
 */
export function decodeProgram(bytes: Uint8Array, limits: ProgramLimits = PROGRAM_LIMITS): Program {
  if (bytes.length > limits.programBytes) {
    throw new ProgramError(
      "LIMIT_PROGRAM_BYTES",
      `The program is ${bytes.length} bytes long, above ${limits.programBytes}: pass large constants as inputs`,
    );
  }
  const program = validateProgram(readProgram(bytes, limits), limits);
  if (!bytesEqual(bytes, writeProgram(program))) {
    throw new ProgramError(
      "BYTES_NOT_CANONICAL",
      `${program.name}: the bytes are not those that encoding gives: fetch it again`,
    );
  }
  return program;
}

/** SHA-256 of the canonical bytes, in lower-case hex: a program's name on the wire. */
export function programHash(program: Program): string {
  return bytesToHex(sha256(encodeProgram(program)));
}

import { ADAPTER_LENGTH_MAX } from "./limits.ts";

// Control characters, line breaks and lone surrogates: what could forge a line of a log, or turn the rest of one around.
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** What a platform says of a device, made into what `hello` allows as `adapter`; null where nothing is left. */
export function deviceWords(text: string): string | null {
  const allowed = [...text.replaceAll(FORBIDDEN, " ").trim()].slice(0, ADAPTER_LENGTH_MAX).join("");
  return allowed === "" ? null : allowed;
}

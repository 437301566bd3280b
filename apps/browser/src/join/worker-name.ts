import { NAME_LENGTH_MAX } from "@tributary/protocol";

/** What `hello` allows as a name. */
const ALLOWED = /^[\p{L}\p{N} ._-]{1,32}$/u;

/** Why a name cannot be used, as a sentence; null when it can. */
export function nameProblem(name: string): string | null {
  if (ALLOWED.test(name)) return null;
  if (name === "") return "Give this device a name, so that the host can tell it from others";
  if ([...name].length > NAME_LENGTH_MAX) return `A name has at most ${NAME_LENGTH_MAX} characters`;
  return "A name is made of letters, digits, spaces, dots, hyphens and underscores";
}

/** Browsers by what they call themselves; the first that fits, because each calls itself also by the names of those behind it. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "Mac"],
  [/CrOS/, "Chromebook"],
  [/Linux/, "Linux"],
];

/** A name to begin with. @param random in [0, 1): tells devices of one kind apart */
export function suggestName(userAgent: string, random: number): string {
  const found = (table: typeof BROWSERS, other: string) => table.find(([form]) => form.test(userAgent))?.[1] ?? other;
  const number = 100 + Math.floor(900 * random);
  return `${found(BROWSERS, "Browser")} on ${found(SYSTEMS, "a device")} ${number}`;
}

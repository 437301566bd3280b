import { encode } from "uqr";

/** Modules of quiet zone around a code. Source: ISO/IEC 18004, 6.3.8. */
const QUIET_MODULES = 4;

/** Black on white, whatever the terminal's own colours are (ECMA-48, SGR). */
const BLACK_ON_WHITE = "\u001b[30;107m";
const PLAIN = "\u001b[0m";

/** The modules of the QR code of a text, rows from the top, true for dark; without a quiet zone. */
function qrModules(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "M", border: 0 }).data;
}

/**
 * A QR code as lines for a terminal: two rows of modules a line, one column a module, with its quiet zone.
 * @param coloured whether the terminal shows colours; without them its background is taken for dark
 */
export function qrLines(text: string, coloured: boolean): string[] {
  const modules = qrModules(text);
  const size = modules.length;
  const isDark = (row: number, column: number) => modules[row]?.[column] === true;
  const lines: string[] = [];
  for (let row = -QUIET_MODULES; row < size + QUIET_MODULES; row += 2) {
    let line = "";
    for (let column = -QUIET_MODULES; column < size + QUIET_MODULES; column++) {
      // Without colours the terminal's light foreground paints what has to be light.
      line += blockOf(isDark(row, column) === coloured, isDark(row + 1, column) === coloured);
    }
    lines.push(coloured ? `${BLACK_ON_WHITE}${line}${PLAIN}` : line);
  }
  return lines;
}

function blockOf(upper: boolean, lower: boolean): string {
  if (upper) return lower ? "█" : "▀";
  return lower ? "▄" : " ";
}

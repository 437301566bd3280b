import { encode } from "uqr";

/** A QR code as one path of squares. */
export interface QrPath {
  /** Modules on a side, the quiet zone of four included (ISO/IEC 18004). */
  readonly side: number;
  readonly path: string;
}

/** Modules around the code that stay light. */
const QUIET_ZONE = 4;

/** The code for a text, with medium error correction; rows of dark modules are joined. */
export function qrPath(text: string): QrPath {
  const { data, size } = encode(text, { ecc: "M", border: QUIET_ZONE });
  let path = "";
  data.forEach((row, y) => {
    let x = 0;
    while (x < row.length) {
      const light = row.indexOf(true, x);
      if (light < 0) break;
      const end = row.indexOf(false, light);
      const stop = end < 0 ? row.length : end;
      path += `M${light} ${y}h${stop - light}v1h${light - stop}z`;
      x = stop;
    }
  });
  return { side: size, path };
}

/**
 * CRC-32 of `bytes`, going on from `value` (the CRC-32 of what came before; 0 at the start): 0 ... 2^32 - 1.
 * Same signature and results as `zlib.crc32` of Node, which is faster and may stand in.
 */
export type Crc32 = (bytes: Uint8Array, value?: number) => number;

const POLYNOMIAL = 0xedb88320;
const SLICES = 8;

/** TABLES[256 k + b]: CRC of byte b followed by k zero bytes. */
const TABLES = buildTables();

function buildTables(): Uint32Array {
  const tables = new Uint32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let index = 256; index < tables.length; index++) {
    const previous = tables[index - 256] ?? 0;
    tables[index] = (previous >>> 8) ^ (tables[previous & 0xff] ?? 0);
  }
  return tables;
}

/**
 * CRC-32 with zlib's polynomial, eight bytes at a time. @see Crc32
 * Source: Kounavis and Berry (2008), "Novel table lookup-based algorithms for high-performance CRC generation"; RFC 1952, 8.
 */
export const crc32: Crc32 = (bytes, value = 0) => {
  const t = TABLES;
  let crc = ~value;
  let index = 0;
  const blocksEnd = bytes.length - (bytes.length % SLICES);
  for (; index < blocksEnd; index += SLICES) {
    const low =
      crc ^
      (byteAt(bytes, index) |
        (byteAt(bytes, index + 1) << 8) |
        (byteAt(bytes, index + 2) << 16) |
        (byteAt(bytes, index + 3) << 24));
    crc =
      entry(t, 1792 + (low & 0xff)) ^
      entry(t, 1536 + ((low >>> 8) & 0xff)) ^
      entry(t, 1280 + ((low >>> 16) & 0xff)) ^
      entry(t, 1024 + (low >>> 24)) ^
      entry(t, 768 + byteAt(bytes, index + 4)) ^
      entry(t, 512 + byteAt(bytes, index + 5)) ^
      entry(t, 256 + byteAt(bytes, index + 6)) ^
      entry(t, byteAt(bytes, index + 7));
  }
  for (; index < bytes.length; index++) crc = (crc >>> 8) ^ entry(t, (crc ^ byteAt(bytes, index)) & 0xff);
  return ~crc >>> 0;
};

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function entry(table: Uint32Array, index: number): number {
  return table[index] ?? 0;
}

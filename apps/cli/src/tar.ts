/** One file inside of a tar archive. */
export interface TarMember {
  /** With its folders: "cifar-10-batches-bin/test_batch.bin". */
  readonly name: string;
  /** Borrowed from the archive. */
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;
// Offsets and lengths in a header block. Source: POSIX.1-1988, ustar interchange format.
const NAME = [0, 100] as const;
const SIZE = [124, 12] as const;
const TYPE = 156;
const PREFIX = [345, 155] as const;
const REGULAR_FILE_TYPES = [0, 0x30];

function textAt(header: Uint8Array, [offset, length]: readonly [number, number]): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("latin1");
}

/** The regular files of an archive that is not packed. A member that is cut off ends the list. */
export function* readTar(archive: Uint8Array): Generator<TarMember> {
  for (let at = 0; at + BLOCK_BYTES <= archive.byteLength; ) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    const size = Number.parseInt(textAt(header, SIZE).trim(), 8);
    const start = at + BLOCK_BYTES;
    if (!Number.isSafeInteger(size) || start + size > archive.byteLength) return;
    const prefix = textAt(header, PREFIX);
    const name = textAt(header, NAME);
    if (REGULAR_FILE_TYPES.includes(header[TYPE] ?? 0) && name !== "") {
      yield { name: prefix === "" ? name : `${prefix}/${name}`, bytes: archive.subarray(start, start + size) };
    }
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

import { inflateSync } from "fflate";
import { DataError } from "../errors.ts";

/** One file inside of a ZIP archive. */
export interface ZipMember {
  readonly name: string;
  /** Unpacks it; checked against its CRC-32. @throws DataError ZIP_INVALID, ZIP_UNSUPPORTED */
  readonly read: () => Uint8Array;
}

/** What an archive may hold. */
const ZIP_LIMITS = {
  /** Members. */
  members: 65_535,
  /** Bytes of one unpacked member, 1 GiB. */
  memberBytes: 1_073_741_824,
} as const;

// Signatures and offsets. Source: APPNOTE.TXT, .ZIP File Format Specification, 4.3.7, 4.3.12, 4.3.16.
const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const COMMENT_BYTES = 65_535;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;

function refuse(message: string): never {
  throw new DataError("ZIP_INVALID", `${message}: get the archive again`);
}

/** The members of an archive, by its central directory. @param bytes borrowed as long as members are read @throws DataError ZIP_INVALID, ZIP_UNSUPPORTED */
export function listZip(bytes: Uint8Array): readonly ZipMember[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === ZIP_LIMITS.members || at === 0xffffffff) unsupported("The archive has 64-bit sizes");
  const members: ZipMember[] = [];
  for (let i = 0; i < count; i += 1) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL_SIGNATURE)
      refuse(`Entry ${i} of the archive's directory is broken`);
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + CENTRAL_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) refuse(`Entry ${i} of the archive's directory is broken`);
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes));
    const entry: DirectoryEntry = {
      name,
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedBytes: view.getUint32(at + 20, true),
      bytes: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    members.push({ name, read: () => readMember(view, entry) });
    at = next;
  }
  return members;
}

interface DirectoryEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
}

function unsupported(message: string): never {
  throw new DataError("ZIP_UNSUPPORTED", `${message}: pack it again, stored or deflated`);
}

/** The end record is the last thing in the file, but for a comment. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES);
  for (let at = view.byteLength - END_BYTES; at >= first; at -= 1) {
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  }
  return refuse(`The ${view.byteLength} bytes are no whole ZIP archive`);
}

function readMember(view: DataView, entry: DirectoryEntry): Uint8Array {
  const { name, method, offset, packedBytes } = entry;
  if ((entry.flags & ENCRYPTED_FLAG) !== 0) unsupported(`Member ${name} is encrypted`);
  if (entry.bytes > ZIP_LIMITS.memberBytes)
    unsupported(`Member ${name} has ${entry.bytes} bytes, more than ${ZIP_LIMITS.memberBytes}`);
  if (offset + LOCAL_BYTES > view.byteLength || view.getUint32(offset, true) !== LOCAL_SIGNATURE)
    refuse(`Member ${name} is broken`);
  const start = offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedBytes > view.byteLength) refuse(`Member ${name} is cut off`);
  const packed = new Uint8Array(view.buffer, view.byteOffset + start, packedBytes);
  const bytes = unpack(packed, entry);
  if (bytes.byteLength !== entry.bytes || crc32(bytes) !== entry.crc)
    refuse(`Member ${name} is not what its checksum says`);
  if (method === STORED) return bytes.slice();
  return bytes;
}

function unpack(packed: Uint8Array, { name, method, bytes }: DirectoryEntry): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) unsupported(`Member ${name} is packed with method ${method}`);
  try {
    // The memory is that of the stated size: what is packed to burst it is cut off, and fails the checksum.
    return inflateSync(packed, { out: new Uint8Array(bytes) });
  } catch (cause) {
    throw new DataError("ZIP_INVALID", `Member ${name} cannot be unpacked: get the archive again`, { cause });
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (0xedb88320 & -(value & 1));
  return value;
});

/** CRC-32 with the polynomial of ISO 3309, as ZIP, gzip and PNG use it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

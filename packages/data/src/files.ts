import { DataError } from "./errors.ts";

/** A `file:` URL, such as `new URL("iris.csv", import.meta.url)`. */
export interface FileUrl {
  readonly href: string;
}

/** Where the bytes of one file come from: a path or a URL where the platform has files, or a function. Read when data is loaded. */
export type FileSource = string | FileUrl | (() => Promise<Uint8Array>);

/** One of the files below a folder. */
export interface NamedFile {
  /** Relative to the folder, with / between its parts: "train/cat/1.png". */
  readonly path: string;
  readonly read: () => Promise<Uint8Array>;
}

/** Where the files of a folder come from: a path or a URL where the platform has files, or a function that lists them. */
export type FolderSource = string | FileUrl | (() => Promise<readonly NamedFile[]>);

/** What is read at once at most. */
export const FILE_LIMITS = {
  /** Bytes of one file, 1 GiB. */
  fileBytes: 1_073_741_824,
  /** Files below one folder. */
  folderFiles: 1_000_000,
} as const;

function platformFiles(path: string) {
  const files = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:fs/promises");
  if (files !== undefined) return files;
  throw new DataError(
    "FILE_UNREADABLE",
    `${path} cannot be read: this platform has no files; pass a function that gives the bytes`,
  );
}

/** The path that a file: URL names; on Windows, without the slash before the drive. */
function pathOf(source: string | FileUrl): string {
  if (typeof source === "string") return source;
  const path = decodeURIComponent(source.href.replace(/^file:\/\//, ""));
  return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path;
}

/**
 * The bytes of a source; those of a function are its own, not to be written.
 * @throws DataError FILE_UNREADABLE, FILE_TOO_LARGE
 */
export async function readSource(source: FileSource, limitBytes: number = FILE_LIMITS.fileBytes): Promise<Uint8Array> {
  if (typeof source === "function") return checkSize(await source(), "A file", limitBytes);
  const path = pathOf(source);
  const files = platformFiles(path);
  let bytes: Uint8Array;
  try {
    const { size } = await files.stat(path);
    bytes = size > limitBytes ? tooLarge(path, size, limitBytes) : plain(await files.readFile(path));
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      "FILE_UNREADABLE",
      `${path} cannot be read: check the path, which is relative to where the process was started`,
      { cause },
    );
  }
  return checkSize(bytes, path, limitBytes);
}

/** Node's Buffer slices otherwise than the class it extends. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkSize(bytes: Uint8Array, path: string, limitBytes: number): Uint8Array {
  return bytes.byteLength > limitBytes ? tooLarge(path, bytes.byteLength, limitBytes) : bytes;
}

function tooLarge(path: string, bytes: number, limitBytes: number): never {
  throw new DataError("FILE_TOO_LARGE", `${path} has ${bytes} bytes, more than ${limitBytes}: split it`);
}

/**
 * The files of a folder and of those below it, by path in code unit order, so that every machine lists them alike. Names that begin with
 * a point are left out.
 * @throws DataError FILE_UNREADABLE, FILE_TOO_LARGE
 */
export async function listSource(source: FolderSource): Promise<readonly NamedFile[]> {
  const files = typeof source === "function" ? await source() : await listFolder(source);
  if (files.length > FILE_LIMITS.folderFiles) {
    throw new DataError(
      "FILE_TOO_LARGE",
      `There are ${files.length} files, more than ${FILE_LIMITS.folderFiles}: use fewer`,
    );
  }
  const visible = files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  return visible.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}

async function listFolder(source: string | FileUrl): Promise<readonly NamedFile[]> {
  const given = pathOf(source);
  // What is listed begins with this text, and one slash.
  const folder = given.length > 1 ? given.replace(/[/\\]+$/, "") : given;
  const platform = platformFiles(folder);
  try {
    const entries = await platform.readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => {
        const full = `${parentPath}/${name}`;
        const path = full.slice(folder.length).replaceAll("\\", "/").replace(/^\/+/, "");
        return { path, read: () => readSource(full) };
      });
  } catch (cause) {
    throw new DataError("FILE_UNREADABLE", `The folder ${folder} cannot be read: check the path`, { cause });
  }
}

/** The text of a file in UTF-8; a byte order mark is dropped. @throws DataError FILE_UNREADABLE when it is not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError("FILE_UNREADABLE", `The file of ${bytes.byteLength} bytes is no text in UTF-8: convert it`, {
      cause,
    });
  }
}

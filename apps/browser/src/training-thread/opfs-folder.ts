import type { BlobFolder } from "./blob-store.ts";

/** A file being written: the part of FileSystemSyncAccessHandle that is used. Browsers give it to threads alone. */
export interface WritableFile {
  truncate(byteLength: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/** The part of FileSystemFileHandle that is used. */
export interface FileHandle {
  readonly kind: "file" | "directory";
  getFile(): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
  createSyncAccessHandle(): Promise<WritableFile>;
}

/** The part of FileSystemDirectoryHandle that is used. */
export interface FolderHandle {
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>;
  removeEntry(name: string): Promise<void>;
  entries(): AsyncIterable<readonly [string, { readonly kind: "file" | "directory" }]>;
}

/** A folder of the origin private file system (https://fs.spec.whatwg.org), which belongs to this page's origin alone. */
export class OpfsFolder implements BlobFolder {
  readonly #handle: FolderHandle;

  constructor(handle: FolderHandle) {
    this.#handle = handle;
  }

  async list(): Promise<readonly { readonly name: string; readonly byteLength: number }[]> {
    const found: { readonly name: string; readonly byteLength: number }[] = [];
    for await (const [name, { kind }] of this.#handle.entries()) {
      const byteLength = kind === "file" ? await this.#byteLengthOf(name) : null;
      if (byteLength !== null) found.push({ name, byteLength });
    }
    return found;
  }

  /** Null: another tab has taken it away since it was listed. */
  async #byteLengthOf(name: string): Promise<number | null> {
    try {
      return (await (await this.#handle.getFileHandle(name)).getFile()).size;
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  async read(name: string): Promise<Uint8Array | null> {
    try {
      const handle = await this.#handle.getFileHandle(name);
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const handle = await this.#handle.getFileHandle(name, { create: true });
    // Exclusive: a second tab that writes the same blob at the same moment is turned away, and goes without.
    const file = await handle.createSyncAccessHandle();
    try {
      file.truncate(0);
      const written = file.write(ownBytes(bytes), { at: 0 });
      if (written !== bytes.byteLength) throw new Error(`Only ${written} of ${bytes.byteLength} bytes had room`);
      file.flush();
    } finally {
      file.close();
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#handle.removeEntry(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === "NotFoundError";
}

/** The same bytes, out of shared memory if they are in it. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(bytes);
}

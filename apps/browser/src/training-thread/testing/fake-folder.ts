import type { FileHandle, FolderHandle } from "../opfs-folder.ts";

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}

/** The origin private file system, as far as it is used, in memory. */
export class FakeFolder implements FolderHandle {
  readonly files = new Map<string, Uint8Array>();
  /** Bytes that there is room for. */
  quota = Number.POSITIVE_INFINITY;
  /** Files that another tab is writing. */
  readonly busy = new Set<string>();
  /** Names of files that were opened for writing, in order. */
  readonly written: string[] = [];
  /** Files that are open. */
  openFiles = 0;
  /** Bytes that a write takes at most. */
  piece = Number.POSITIVE_INFINITY;
  /** Files that another tab takes away just after they were listed. */
  readonly vanishing = new Set<string>();

  getFileHandle(name: string, options: { create?: boolean } = {}): Promise<FileHandle> {
    if (this.vanishing.has(name)) this.files.delete(name);
    if (!this.files.has(name) && options.create !== true) return Promise.reject(named("NotFoundError"));
    if (!this.files.has(name)) this.files.set(name, new Uint8Array(0));
    return Promise.resolve(this.#handle(name));
  }

  removeEntry(name: string): Promise<void> {
    return this.files.delete(name) ? Promise.resolve() : Promise.reject(named("NotFoundError"));
  }

  async *entries(): AsyncGenerator<readonly [string, { readonly kind: "file" }]> {
    for (const name of this.files.keys()) yield [name, { kind: "file" }];
  }

  #bytesOf(name: string): Uint8Array {
    return this.files.get(name) ?? new Uint8Array(0);
  }

  #handle(name: string): FileHandle {
    return {
      kind: "file",
      getFile: () => {
        const bytes = this.#bytesOf(name);
        return Promise.resolve({ size: bytes.length, arrayBuffer: async () => Uint8Array.from(bytes).buffer });
      },
      createSyncAccessHandle: () => {
        if (this.busy.has(name)) return Promise.reject(named("NoModificationAllowedError"));
        this.written.push(name);
        this.openFiles += 1;
        return Promise.resolve({
          truncate: (byteLength: number) => void this.files.set(name, this.#bytesOf(name).slice(0, byteLength)),
          write: (bytes: Uint8Array) => {
            if (!(bytes.buffer instanceof ArrayBuffer)) throw new TypeError("The memory is shared");
            const used = [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
            if (used + bytes.length > this.quota) throw named("QuotaExceededError");
            const taken = bytes.subarray(0, this.piece);
            // What is behind the bytes that are written stays.
            this.files.set(name, Uint8Array.of(...taken, ...this.#bytesOf(name).subarray(taken.length)));
            return taken.length;
          },
          flush: () => {},
          close: () => {
            this.openFiles -= 1;
          },
        });
      },
    };
  }
}

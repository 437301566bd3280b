// The few platform globals that this package uses. They are the same in browsers, Node, Deno and Bun; declaring them here,
// instead of loading the types of one platform, keeps everything else out.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

/** The platform's hashes; not there on pages that came over plain http. */
declare const crypto:
  | { readonly subtle?: { digest(algorithm: "SHA-256", bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> } }
  | undefined;

/** Node's process, where there is one: what is used of its files. */
declare const process:
  | {
      getBuiltinModule?(id: "node:fs/promises"): {
        stat(path: string): Promise<{ readonly size: number }>;
        readFile(path: string): Promise<Uint8Array>;
        readdir(
          path: string,
          options: { readonly recursive: true; readonly withFileTypes: true },
        ): Promise<readonly { readonly name: string; readonly parentPath: string; isFile(): boolean }[]>;
      };
    }
  | undefined;

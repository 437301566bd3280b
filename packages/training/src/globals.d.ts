// The few platform globals that this package uses. They are the same in browsers, Node, Deno and Bun; declaring them here,
// instead of loading the types of one platform, keeps everything else out.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
/** What loggers use of Node's file system. */
interface SynchronousFiles {
  existsSync(path: string): boolean;
  readFileSync(path: string, encoding: "utf8"): string;
  writeFileSync(path: string, data: string): void;
  appendFileSync(path: string, data: string): void;
}
/** Node's process, where there is one. */
declare const process:
  | {
      getBuiltinModule?: ((id: "node:fs") => SynchronousFiles) &
        ((id: "node:fs/promises") => { writeFile(path: string, data: Uint8Array): Promise<void> });
      readonly stderr?: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
    }
  | undefined;
declare const performance: { now(): number };

// The few platform globals that this package uses. They are the same in browsers, Node, Deno and Bun; declaring them here,
// instead of loading the types of one platform, keeps everything else out.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

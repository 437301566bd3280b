/** The bytes of a base64 text of the coordinator; none where it is no base64. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}

/** How many bytes a base64 text stands for. */
export function base64Length(text: string): number {
  return Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : Number(text.endsWith("=")));
}

/** Base64 of bytes; meant for a sample, not for megabytes. */
export function base64OfBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/**
 * SHA-256 in lowercase hexadecimal digits, of bytes that are borrowed until the promise resolves. It is the platform's own where
 * there is one; browsers hide theirs from pages that came over plain http, and only there a library is loaded.
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const platform = typeof crypto === "undefined" ? undefined : crypto.subtle;
  const digest =
    platform === undefined
      ? (await import("./portable-sha256.ts")).portableSha256(bytes)
      : new Uint8Array(await platform.digest("SHA-256", unshared(bytes)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The platform hashes no memory that another thread may write meanwhile: such bytes are copied. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}

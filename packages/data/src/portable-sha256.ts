import { sha256 } from "@noble/hashes/sha2.js";

/** SHA-256 without the platform's help, 32 bytes. In a file of its own, because bundles load it only where it is needed. */
export function portableSha256(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

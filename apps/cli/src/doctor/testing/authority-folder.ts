import { type ReachCertificates, reachCertificates } from "../../reach/certificate-store.ts";

/** Makes an authority in a folder, as the first `--lan` does. */
export function createAuthorityFolder(folder: string, now: Date): Promise<ReachCertificates> {
  return reachCertificates({ names: ["localhost"], addresses: ["127.0.0.1"] }, { folder, owner: "test", now });
}

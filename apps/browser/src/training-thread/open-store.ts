import { sha256Hex } from "@tributary/data";
import { BlobStore, storeBytes } from "./blob-store.ts";
import { OpfsFolder } from "./opfs-folder.ts";

/** Folder of the blobs in the origin's private file system. */
const FOLDER_NAME = "tributary-blobs";

/**
 * Opens the store of this origin; null where the browser has none: an old one, a private window, or a page that is no
 * secure context. @param onBlocked hears why nothing is kept
 */
export async function openStore(onBlocked: (why: string) => void): Promise<BlobStore | null> {
  try {
    const { storage } = navigator;
    const root = await storage.getDirectory();
    const folder = new OpfsFolder(await root.getDirectoryHandle(FOLDER_NAME, { create: true }));
    const bytesMax = storeBytes((await storage.estimate()).quota);
    return await BlobStore.open({ folder, bytesMax, sha256: sha256Hex, onBlocked });
  } catch (error) {
    onBlocked(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    return null;
  }
}

/** Where the tab keeps the token once it is out of the address bar. */
const STORAGE_KEY = "tributary-watch-token";

/** What stands behind the # of a dashboard's link: `a` for the admin token, `t` for one that only lets in. */
const TOKEN_KEYS = ["a", "t"];

/** A token as the coordinator makes them, or lets people choose them: nothing else may reach the handshake's header. */
const TOKEN_FORM = /^[A-Za-z0-9._~-]{1,256}$/;

/** The part of the tab that is needed. */
export interface LinkSurroundings {
  readonly hash: string;
  readonly storage: Pick<Storage, "getItem" | "setItem"> | null;
  /** Shows the address without its fragment. */
  clearHash(): void;
}

/**
 * The token of the link that opened the page, or of an earlier one in this tab. It is taken out of the address bar, so that
 * nobody copies, photographs or bookmarks it by accident; the tab keeps it until it is closed.
 */
export function takeLinkToken({ hash, storage, clearHash }: LinkSurroundings): string | null {
  const token = linkToken(hash);
  if (token === null) return storage?.getItem(STORAGE_KEY) ?? null;
  storage?.setItem(STORAGE_KEY, token);
  clearHash();
  return token;
}

/** The token behind the # of a link; null where there is none, as behind links within the page. */
export function linkToken(hash: string): string | null {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  return TOKEN_KEYS.map((key) => given.get(key)).find((value) => value !== null && TOKEN_FORM.test(value)) ?? null;
}

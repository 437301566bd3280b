import { BLOB_PATH, SOCKET_PATH } from "@tributary/protocol";
import type { BackendChoice } from "../training-thread/messages.ts";

/** Where this page's coordinator is, and what the link asks for. */
export interface JoinLink {
  /** ws: or wss: address of the socket. */
  readonly socketUrl: string;
  /** http: or https: address that a blob's hash is appended to. */
  readonly blobUrl: string;
  /** Where the coordinator says what it trains. */
  readonly runsUrl: string;
  /** Name and port, for people. */
  readonly host: string;
  /** Null: the link has none. */
  readonly token: string | null;
  /** "auto" unless the link names a backend, as `#t=TOKEN&backend=webgpu`. */
  readonly backend: BackendChoice;
}

/** Takes the page's own address apart: the coordinator is the server that the page came from. */
export function parseJoinLink({ protocol, host, hash }: Pick<Location, "protocol" | "host" | "hash">): JoinLink {
  const fragment = new URLSearchParams(hash.slice(1));
  const token = fragment.get("t");
  const backend = fragment.get("backend");
  return {
    socketUrl: `${protocol === "https:" ? "wss:" : "ws:"}//${host}${SOCKET_PATH}`,
    blobUrl: `${protocol}//${host}${BLOB_PATH}`,
    runsUrl: `${protocol}//${host}/runs`,
    host,
    token: token === "" ? null : token,
    backend: backend === "wasm" || backend === "webgpu" ? backend : "auto",
  };
}

import { BLOB_PATH, SOCKET_PATH } from "@tributary/protocol";
import { NodeWorkerError } from "./errors.ts";

/** Where a coordinator is, and what it asks for. */
export interface JoinAddress {
  /** ws: or wss: address of the socket. */
  readonly socketUrl: string;
  /** http: or https: address that a blob's hash is appended to. */
  readonly blobUrl: string;
  /** Null: the link has none. */
  readonly token: string | null;
}

const SOCKET_PROTOCOLS: Readonly<Record<string, string>> = {
  "http:": "ws:",
  "https:": "wss:",
  "ws:": "ws:",
  "wss:": "wss:",
};

/**
 * Takes a join link apart: `http://host:port/join#t=TOKEN`, or just `http://host:port`; `ws:` serves for `http:`.
 * The path of the link does not count.
 * @throws NodeWorkerError JOIN_ADDRESS
 */
export function parseJoinAddress(link: string): JoinAddress {
  const url = URL.parse(link);
  const socketProtocol = SOCKET_PROTOCOLS[url?.protocol ?? ""];
  if (url === null || socketProtocol === undefined) {
    // The fragment holds the token: it stays out of messages.
    const shown = link.split("#")[0] ?? "";
    throw new NodeWorkerError("JOIN_ADDRESS", `"${shown}" is no address to join: use http://host:port/join#t=TOKEN`);
  }
  const token = new URLSearchParams(url.hash.slice(1)).get("t");
  return {
    socketUrl: `${socketProtocol}//${url.host}${SOCKET_PATH}`,
    blobUrl: `${socketProtocol === "wss:" ? "https:" : "http:"}//${url.host}${BLOB_PATH}`,
    token: token === "" ? null : token,
  };
}

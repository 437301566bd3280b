/** WebSocket subprotocol; the number is PROTOCOL_VERSION's. The server must choose it. */
export const SUBPROTOCOL = "tributary.v3";

/** A second subprotocol offered by the worker carries its token, since browsers can set no other header: `t.` and the token. */
export const TOKEN_SUBPROTOCOL_PREFIX = "t.";

/** Path of the WebSocket on the coordinator's HTTP server. */
export const SOCKET_PATH = "/socket";

/**
 * Path under which programs, manifest and shards are served by GET, by their SHA-256: `/blobs/` and 64 hexadecimal digits.
 * A token, where one is asked for, comes as `Authorization: Bearer TOKEN`.
 */
export const BLOB_PATH = "/blobs/";

/** Path of the page for people, whose link carries the token as its fragment: `/join#t=TOKEN`. */
export const JOIN_PATH = "/join";

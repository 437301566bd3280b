import {
  CLOSE_CODES,
  FRAME_BYTES_MAX,
  HELLO_WITHIN_MILLISECONDS,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "@tributary/protocol";
import { type Connect, type Transport, type TransportHandlers, WorkerError } from "@tributary/worker";
import { WebSocket } from "ws";
import type { JoinAddress } from "./join-address.ts";

/** Milliseconds after which a socket whose other side does not answer the close is torn down. */
const CLOSE_MILLISECONDS = 2_000;

/** HTTP statuses with which a server says no for good. */
const REFUSING_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 426]);

/** Opens WebSockets to a coordinator. @param signal aborted: one that is still being opened is given up */
export function createSocketConnect({ socketUrl, token }: JoinAddress, signal?: AbortSignal): Connect {
  return (handlers) =>
    new Promise((resolve, reject) => {
      const subprotocols = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token];
      const socket = new WebSocket(socketUrl, subprotocols, {
        perMessageDeflate: false,
        maxPayload: FRAME_BYTES_MAX,
        handshakeTimeout: 2 * HELLO_WITHIN_MILLISECONDS,
        ...(isThisMachine(socketUrl) ? { generateMask: zeroMask } : {}),
      });
      // Whoever leaves does not wait for a coordinator that does not answer. An error follows.
      const giveUp = () => socket.terminate();
      signal?.addEventListener("abort", giveUp, { once: true });
      socket.once("close", () => signal?.removeEventListener("abort", giveUp));
      socket.on("unexpected-response", (request, response) => {
        const status = response.statusCode ?? 0;
        request.destroy();
        const code = REFUSING_STATUSES.has(status) ? "CONNECT_REFUSED" : "CONNECT_FAILED";
        reject(new WorkerError(code, refusalWords(socketUrl, status, token !== null)));
      });
      socket.on("error", (cause) => {
        if (isUntrusted(cause)) {
          reject(new WorkerError("CONNECT_REFUSED", untrustedWords(socketUrl, cause.message), { cause }));
          return;
        }
        const mend = speaksOtherwise(cause)
          ? "use the link as the coordinator printed it, because https and http are different ports"
          : "check the address, and that the coordinator is running";
        // After the connection stood, rejecting does nothing, and the close event says what there is to say.
        reject(
          new WorkerError("CONNECT_FAILED", `Cannot connect to ${socketUrl} (${cause.message}): ${mend}`, { cause }),
        );
      });
      socket.once("open", () => {
        signal?.removeEventListener("abort", giveUp);
        attach(socket, handlers);
        resolve(transportOf(socket));
      });
    });
}

/** Why a server does not let a worker in, and what to do. */
function refusalWords(socketUrl: string, status: number, hasToken: boolean): string {
  if (status !== 401 && status !== 403) return `${socketUrl} answered with HTTP ${status}: check the address`;
  if (hasToken) return `${socketUrl} does not take this token (HTTP ${status}): use the newest link that it printed`;
  return `${socketUrl} asks for a token (HTTP ${status}): use the whole link that it printed, with what stands behind the #, or --token`;
}

/** Whether the other side answered, but not in the protocol that was asked for: TLS where there is none, or the other way round. */
function speaksOtherwise(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPROTO" || /before secure TLS|wrong version number|socket hang up/i.test(error.message);
}

/** Codes with which OpenSSL and Node refuse a certificate: one that nobody here trusts, out of date, or for another name. */
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "CERT_NOT_YET_VALID",
  "CERT_HAS_EXPIRED",
  "CERT_UNTRUSTED",
  // What Node calls an authority that may not vouch for this name.
  "UNSPECIFIED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function isUntrusted(error: NodeJS.ErrnoException): boolean {
  return error.code !== undefined && UNTRUSTED_CODES.has(error.code);
}

function untrustedWords(socketUrl: string, why: string): string {
  return (
    `The certificate of ${socketUrl} is not trusted here (${why}): take ca.crt from the page that the coordinator shows at its start, compare the ` +
    "fingerprint, and join with --ca ca.crt; or set NODE_EXTRA_CA_CERTS to that file"
  );
}

/** Whether no network lies between the two sides. */
function isThisMachine(socketUrl: string): boolean {
  const { hostname } = new URL(socketUrl);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/**
 * The masking key of zeros, with which `ws` on both sides leaves the bytes as they are. Masking protects proxies on the way
 * (RFC 6455, 10.3), of which there are none within a machine, and would read and write each contribution twice.
 */
function zeroMask(mask: Buffer): void {
  mask.fill(0);
}

function attach(socket: WebSocket, handlers: TransportHandlers): void {
  socket.on("message", (data, isBinary) => {
    if (!isBinary || !(data instanceof Uint8Array)) socket.close(CLOSE_CODES.textFrame.code, "text");
    else handlers.onMessage(data);
  });
  socket.on("ping", () => handlers.onPing());
  socket.on("close", (code, reason) => handlers.onClose(code, reason.toString()));
}

function transportOf(socket: WebSocket): Transport {
  return {
    seesPings: true,
    send: (frame) =>
      new Promise((resolve) => {
        // The callback comes when the bytes are with the system, or the socket is closed.
        socket.send(frame, () => resolve());
      }),
    close: (code, reason) => {
      // 1006 stands for a connection that broke, and may not be sent: this side breaks it.
      if (code === CLOSE_CODES.abnormal.code) {
        socket.terminate();
        return;
      }
      socket.close(code, reason);
      setTimeout(() => socket.terminate(), CLOSE_MILLISECONDS).unref();
    },
  };
}

import { connect } from "node:net";
import { decodeCoordinatorMessage, decodeFrame, SOCKET_PATH, SUBPROTOCOL } from "@tributary/protocol";
import { WebSocket } from "ws";
import { HELLO, messageFrame } from "./frame-bytes.ts";
import type { Malformed } from "./malformed-input.ts";
import { messagePack } from "./message-pack.ts";

/** Connects to the coordinator at `url` and sends it malformed input. @returns the close code of its answer */
export function sendMalformed(url: string, input: Malformed): Promise<number> {
  return input.as === "bytes" ? sendBelowWebSocket(url, input.data) : sendOverWebSocket(url, input);
}

function sendOverWebSocket(url: string, { after, as, data }: Malformed): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, "ws") + SOCKET_PATH, SUBPROTOCOL, { perMessageDeflate: false });
    const send = () => socket.send(data, { binary: as === "frame" });
    let isOpen = false;
    socket.on("open", () => {
      isOpen = true;
      if (after !== "open") socket.send(messageFrame(messagePack(HELLO)));
      if (after !== "contribution") send();
    });
    if (after === "contribution") beginUpload(socket, send);
    // Once open, an error is the coordinator cutting the connection; the close event tells how.
    socket.on("error", (error) => (isOpen ? undefined : reject(error)));
    socket.on("close", resolve);
  });
}

/** Plays a worker up to an announced contribution, then calls `onAnnounced`. */
function beginUpload(socket: WebSocket, onAnnounced: () => void): void {
  const say = (message: Parameters<typeof messagePack>[0]) => socket.send(messageFrame(messagePack(message)));
  let byteLength = 0;
  socket.on("message", (data: Buffer) => {
    const frame = decodeFrame(data);
    if (frame.kind !== "message") return;
    const message = decodeCoordinatorMessage(frame.control);
    if (message.type === "welcome") byteLength = 4 * message.layout.trainableLength;
    if (message.type === "parameters") say({ type: "ready", step: message.step });
    if (message.type === "lease") {
      const { lease, step } = message;
      say({ type: "result", lease, step, microbatches: 1, milliseconds: 1, codec: "float32", byteLength });
    }
    if (message.type === "credit") {
      const { lease, step } = message;
      const tensor = { transfer: 1, byteLength, elements: byteLength / 4, codec: "float32", crc32: 0 };
      say({ type: "contribution", lease, step, microbatches: 1, tensor, sums: new Uint8Array(16) });
      onAnnounced();
    }
  });
}

/** Sends bytes right behind a handshake, and takes the close code out of the one frame that comes back. */
function sendBelowWebSocket(url: string, bytes: Uint8Array): Promise<number> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      const key = Buffer.alloc(16).toString("base64");
      const lines = [`GET ${SOCKET_PATH} HTTP/1.1`, `Host: ${host}`, "Connection: Upgrade", "Upgrade: websocket"];
      lines.push(`Sec-WebSocket-Version: 13`, `Sec-WebSocket-Key: ${key}`, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`);
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.write(bytes);
    });
    const received: Buffer[] = [];
    socket.on("data", (data) => received.push(data));
    socket.on("error", reject);
    socket.on("close", () => {
      const all = Buffer.concat(received);
      const frame = all.subarray(all.indexOf("\r\n\r\n") + 4);
      // 0x88: a whole close frame; its payload begins with the code (RFC 6455, 5.5.1).
      resolve(frame[0] === 0x88 && frame.length >= 4 ? frame.readUInt16BE(2) : 1006);
    });
  });
}

import { request } from "node:http";
import { connect } from "node:net";
import { SUBPROTOCOL } from "@tributary/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessRules } from "./access.ts";
import { SOCKETS_PER_ADDRESS_MAX } from "./limits.ts";
import { startServer } from "./server.ts";
import { BLOB, HASH, LARGE_BLOB, LARGE_BYTES, openSocket, type Running, startBare } from "./testing/bare-server.ts";

describe("who may talk to a coordinator", () => {
  let running: Running;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${running.server.port}${path}`, { headers });

  beforeAll(async () => {
    running = await startBare("secret");
  });

  afterAll(async () => {
    running.shell.dispose();
    await running.server.close();
  });

  it.each([
    ["no token", [SUBPROTOCOL], {}, "401"],
    ["a wrong token", [SUBPROTOCOL, "t.other"], {}, "401"],
    ["another subprotocol", ["t.secret"], {}, "426"],
    ["a page of another site", [SUBPROTOCOL, "t.secret"], { origin: "http://evil.example" }, "403"],
    ["another name in Host", [SUBPROTOCOL, "t.secret"], { headers: { host: "evil.example" } }, "421"],
  ])("[security] %s is refused before the handshake", async (_, protocols, options, status) => {
    await expect(openSocket(running.server.port, protocols, options)).rejects.toThrow(status);
  });

  it("[security] wrong tokens of others at one address slow down wrong ones alone: the right one is let in", async () => {
    const { server, shell } = await startBare("secret");
    const wrong = Array.from({ length: 40 }, (_, guess) => openSocket(server.port, [SUBPROTOCOL, `t.guess${guess}`]));
    const ended: number[] = [];
    for (const [guess, opening] of wrong.entries()) opening.catch(() => ended.push(guess));
    // The last of them was seen before this one is asked.
    while (ended.length < 32) await new Promise((resolve) => setTimeout(resolve, 10));
    const socket = await openSocket(server.port, [SUBPROTOCOL, "t.secret"]);
    const blob = await fetch(`http://127.0.0.1:${server.port}/blobs/${BLOB}`, {
      headers: { authorization: "Bearer secret" },
    });
    expect(blob.status).toBe(200);
    for (const opening of wrong) await expect(opening).rejects.toThrow("401");
    socket.terminate();
    shell.dispose();
    await server.close();
  });

  it("[security] the token opens the socket", async () => {
    const socket = await openSocket(running.server.port, [SUBPROTOCOL, "t.secret"]);
    expect(socket.protocol).toBe(SUBPROTOCOL);
    socket.terminate();
  });

  it("[security] blobs need the token; pages and descriptions give nothing away", async () => {
    expect((await get(`/blobs/${BLOB}`)).status).toBe(401);
    const blob = await get(`/blobs/${BLOB}`, { authorization: "Bearer secret" });
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(Uint8Array.of(1, 2, 3));
    expect(blob.headers.get("cache-control")).toContain("immutable");
    expect((await get(`/blobs/${HASH}`, { authorization: "Bearer secret" })).status).toBe(404);
    expect(await (await get("/runs/small")).json()).toEqual({ run: "small" });
    expect(await (await get("/join")).text()).not.toContain("secret");
  });

  it("[security] every answer carries the security headers, and only GET and HEAD are answered", async () => {
    const page = await get("/");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const post = await fetch(`http://127.0.0.1:${running.server.port}/`, { method: "POST" });
    expect(post.status).toBe(405);
    expect((await get("/../../etc/passwd")).status).toBe(404);
  });

  it.each([
    ["another name in Host", { host: "evil.example" }, 421],
    ["a page of another site", { origin: "http://evil.example" }, 403],
    ["a page of another site with the token", { origin: "http://evil.example", authorization: "Bearer secret" }, 403],
    ["a page without an origin", { origin: "null" }, 403],
    ["headers of more than 8 KiB", { "x-long": "l".repeat(8_192) }, null],
    ["the server's own page", {}, 200],
  ])("[security] %s: a plain request", async (_, headers, status) => {
    const { port } = running.server;
    // fetch sets Host and Origin by itself.
    const answered = await new Promise((resolve) => {
      const asked = request({ host: "127.0.0.1", port, path: "/runs", headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      // Cut off without an answer.
      asked.once("error", () => resolve(null));
      asked.end();
    });
    expect(answered).toBe(status);
  });

  it("[security] bytes that are no HTTP close that connection", async () => {
    const socket = connect(running.server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("\u0000\u0001 garbage\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await get("/")).status).toBe(200);
  });

  it("[security] whoever is refused a WebSocket does not keep the connection by keeping its own half open", async () => {
    const { port } = running.server;
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const answer = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
    const gone = new Promise<string>((resolve) => socket.once("error", ({ message }) => resolve(message)));
    const lines = [
      "GET /socket HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}, t.wrong`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    expect(await answer).toContain("401");
    // A connection that is still there would take bytes in silence.
    const more = setInterval(() => socket.write("more"), 20);
    expect(await gone).toMatch(/EPIPE|ECONNRESET/);
    clearInterval(more);
  });

  it("[security] a connection over which nothing moves is cut off, in the middle of an answer too", async () => {
    const { server, shell } = await startBare("secret", 200);
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const lines = [
      `GET /blobs/${LARGE_BLOB} HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      "Authorization: Bearer secret",
    ];
    let bytes = 0;
    socket.on("data", (piece) => {
      bytes += piece.byteLength;
    });
    socket.pause();
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    // Reads again only after the time is up: what the system had kept comes, and then the end.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    socket.resume();
    await gone;
    expect(bytes).toBeLessThan(LARGE_BYTES);
    shell.dispose();
    await server.close();
  });

  it("[security] one address has 512 sockets at a time; whoever closes one makes room", async () => {
    const content = { blobs: new Map(), run: "small", description: () => ({}), pages: new Map(), page: "" };
    const access = new AccessRules("127.0.0.1", { join: null, admin: null });
    const base = { host: "127.0.0.1", port: 0, access, content };
    const server = await startServer({ ...base, onSocket: () => {}, onWatcher: () => {} });
    const open = () => openSocket(server.port);
    const sockets = [];
    for (let count = 0; count < SOCKETS_PER_ADDRESS_MAX; count += 64)
      sockets.push(...(await Promise.all(Array.from({ length: 64 }, open))));
    await expect(open()).rejects.toThrow("429");
    sockets[0]?.terminate();
    await expect.poll(() => open().then(() => "open", String)).toBe("open");
    await server.close();
  });
});

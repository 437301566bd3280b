import { writeFile } from "node:fs/promises";
import { get as httpGet } from "node:http";
import { get } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { TINY_RUN } from "../cli/run-files.ts";
import { Command } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";

/** What a server answered: its status, or why there is none. */
interface Answer {
  readonly status: number | string;
  readonly body: string;
}

function ask(url: string, options: { ca?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  const send = url.startsWith("https:") ? get : httpGet;
  return new Promise((resolve) => {
    const refused = (error: NodeJS.ErrnoException) => resolve({ status: error.code ?? error.message, body: "" });
    // A name of the certificate whatever the Host header says, which Node would compare with it otherwise.
    send(url, { ...options, servername: "localhost", agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        body += piece;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
    }).once("error", refused);
  });
}

const WEBSOCKET = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

describe("tributary serve --lan", () => {
  let folder: string;
  let serving: Command;
  let url: string;
  let joinUrl: string;
  let ca: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    vi.stubEnv("XDG_CONFIG_HOME", join(folder, "config"));
    await writeFile(join(folder, "tiny.run.ts"), TINY_RUN);
    // Loopback, so that the test needs no network; all else is as on one.
    const words = [
      "serve",
      "tiny.run.ts",
      "--lan",
      "--host",
      "127.0.0.1",
      "--token",
      "a-token-that-is-known",
      "--json",
      "--out",
      "run",
    ];
    serving = Command.start(words, folder);
    ({ url, joinUrl } = await serving.until("listening"));
    await serving.untilWords("What others can reach");
    const page = /http:\/\/127\.0\.0\.1:\d+(?=\/\n)/.exec(serving.words)?.[0] ?? "";
    ca = (await ask(`${page}/ca.crt`)).body;
    await writeFile(join(folder, "ca.crt"), ca);
  });

  it("answers over https to who trusts its authority, and refuses what plain http refuses", async () => {
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(joinUrl).toBe(`${url}/join#t=a-token-that-is-known`);
    expect((await ask(`${url}/runs`)).status).toBe("SELF_SIGNED_CERT_IN_CHAIN");
    expect((await ask(`${url}/runs`, { ca })).status).toBe(200);
    const blob = `${url}/blobs/${"0".repeat(64)}`;
    expect((await ask(blob, { ca })).status).toBe(401);
    expect((await ask(blob, { ca, headers: { authorization: "Bearer a-token-that-is-known" } })).status).toBe(404);
    expect((await ask(`${url}/runs`, { ca, headers: { host: "evil.example" } })).status).toBe(421);
    expect((await ask(`${url}/runs`, { ca, headers: { origin: "https://evil.example" } })).status).toBe(403);
    expect((await ask(`${url}/runs`, { ca, headers: { origin: url.replace("https:", "http:") } })).status).toBe(403);
    expect((await ask(`${url}/runs`, { ca, headers: { origin: url } })).status).toBe(200);
    expect((await ask(`${url}/socket`, { ca, headers: { ...WEBSOCKET, origin: "https://evil.example" } })).status).toBe(
      403,
    );
  });

  it("[security] speaks TLS 1.2 and 1.3 alone", async () => {
    const versionOf = (version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3") =>
      new Promise((resolve) => {
        const { port } = new URL(url);
        const range = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" } as const;
        const socket = connect({ host: "127.0.0.1", port: Number(port), ca, ...range }, () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.once("error", () => resolve("refused"));
      });
    expect(await versionOf("TLSv1.1")).toBe("refused");
    expect(await versionOf("TLSv1.2")).toBe("TLSv1.2");
    expect(await versionOf("TLSv1.3")).toBe("TLSv1.3");
  });

  it("is joined from Node with --ca; without, the worker says how, and ends with 4", async () => {
    const distrusting = await Command.run(["join", joinUrl], folder);
    expect(distrusting.code).toBe(4);
    expect(distrusting.words).toContain("join with --ca ca.crt");
    expect(distrusting.words).not.toContain("a-token-that-is-known");
    const joined = await Command.run(["join", joinUrl, "--ca", "ca.crt"], folder);
    expect(joined.code).toBe(0);
    expect((await serving.ended).code).toBe(0);
  });
});

describe("tributary train", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    vi.stubEnv("XDG_CONFIG_HOME", join(folder, "config"));
    await writeFile(join(folder, "tiny.run.ts"), TINY_RUN);
  });

  it("--lan: its own workers come over loopback, and a token is made where none is given", async () => {
    const words = ["train", "tiny.run.ts", "--lan", "--host", "127.0.0.1", "--workers", "1", "--json"];
    const trained = await Command.run(words, folder);
    expect(trained.code).toBe(0);
    expect(trained.named("listening")[0]?.joinUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/join#t=[\w-]{22}$/);
    expect(trained.words).toMatch(/on this machine {3}http:\/\/127\.0\.0\.1:\d+\/join#t=[\w-]{22}\n/);
  });

  it("--domain: links carry the public name and a token, though it listens on loopback", async () => {
    const trained = await Command.run(
      ["train", "tiny.run.ts", "--domain", "x.example", "--workers", "1", "--json"],
      folder,
    );
    expect(trained.code).toBe(0);
    expect(trained.named("listening")[0]?.joinUrl).toMatch(/^https:\/\/x\.example\/join#t=[\w-]{22}$/);
  });

  it.each([
    ["--lan --domain x.example", "--lan and --domain are two ways in"],
    ["--cert a.pem", "--key is missing"],
    ["--domain x.example/path", '--domain is "x.example/path"'],
  ])("%s is refused before anything listens", async (words, message) => {
    const refused = await Command.run(["train", "tiny.run.ts", ...words.split(" ")], folder);
    expect(refused.code).toBe(2);
    expect(refused.words).toContain(message);
  });
});

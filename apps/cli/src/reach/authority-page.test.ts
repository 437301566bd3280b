import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuthorityPage, serveAuthorityPage } from "./authority-page.ts";

const CONTENT = {
  authority: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
  fingerprint: "AB:CD",
  joinAddress: "https://den.local:8443/join",
  hosts: ["192.168.1.20", "den.local"],
};

let page: AuthorityPage;

beforeAll(async () => {
  page = await serveAuthorityPage(CONTENT, { host: "127.0.0.1", port: 0 });
});

afterAll(() => page.close());

function ask(path: string, { host = "127.0.0.1", method = "GET" } = {}) {
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port: page.port, path, method, headers: { host } }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          body += piece;
        });
        response.once("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      });
      asked.once("error", reject).end();
    },
  );
}

describe("the page of the certificate", () => {
  it("gives the certificate with the type that phones install, and nothing else", async () => {
    const { status, headers, body } = await ask("/ca.crt", { host: "den.local:80" });
    expect([status, headers["content-type"], body]).toEqual([200, "application/x-x509-ca-cert", CONTENT.authority]);
    expect((await ask("/authority.pem")).status).toBe(404);
    expect((await ask("/../authority.pem")).status).toBe(404);
  });

  it("shows the fingerprint and the steps, under a policy that allows no script", async () => {
    const { body, headers } = await ask("/");
    for (const part of ["AB:CD", "Certificate Trust Settings", "Android", CONTENT.joinAddress])
      expect(body).toContain(part);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).not.toContain("script");
  });

  it("is shown in its own style, which the policy names by its hash, and is stored nowhere", async () => {
    const { body, headers } = await ask("/");
    const style = /<style>(.*)<\/style>/s.exec(body)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toContain(`style-src 'sha256-${hash}'`);
    for (const path of ["/", "/ca.crt", "/nothing"]) {
      const answer = await ask(path);
      expect(answer.headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      });
    }
  });

  it("[security] shows what it is given as text", async () => {
    const marked = { ...CONTENT, fingerprint: "<b>AB</b>", joinAddress: 'https://"den"&<i>' };
    const other = await serveAuthorityPage(marked, { host: "127.0.0.1", port: 0 });
    const body = await (await fetch(`http://127.0.0.1:${other.port}/`)).text();
    expect(body).toContain("<code>&lt;b&gt;AB&lt;/b&gt;</code>");
    expect(body).toContain("<code>https://&quot;den&quot;&amp;&lt;i&gt;</code>");
    await other.close();
  });

  it("[security] answers under its own names only, and only GET and HEAD", async () => {
    expect((await ask("/", { host: "evil.example" })).status).toBe(421);
    expect((await ask("/", { method: "POST" })).status).toBe(405);
    expect(await ask("/ca.crt", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });
});

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

  it("[security] answers under its own names only, and only GET and HEAD", async () => {
    expect((await ask("/", { host: "evil.example" })).status).toBe(421);
    expect((await ask("/", { method: "POST" })).status).toBe(405);
    expect(await ask("/ca.crt", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });
});

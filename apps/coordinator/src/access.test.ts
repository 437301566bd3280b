import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { AccessRules, isLoopback, type Tokens } from "./access.ts";

const OPEN: Tokens = { join: null, admin: "adminsecret" };
const CLOSED: Tokens = { join: "joinsecret", admin: "adminsecret" };

/** A request with these headers, over plain HTTP or over TLS. */
function asked(headers: IncomingHttpHeaders, isEncrypted = false): IncomingMessage {
  const socket = isEncrypted ? { encrypted: true } : {};
  // Of a request only its headers and its socket are looked at.
  return { headers, socket } as unknown as IncomingMessage;
}

describe("which addresses only this machine reaches", () => {
  it.each([
    ["127.0.0.1", true],
    ["localhost", true],
    ["::1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.1.20", false],
    ["127.0.0.1.example.org", false],
  ])("[security] %s: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

describe("the Host of a request", () => {
  const rules = new AccessRules("192.168.1.20", CLOSED, ["train.example.org", "[fd00::1]"]);

  it.each([
    ["192.168.1.20:8080", true],
    ["192.168.1.20", true],
    ["127.0.0.1:8080", true],
    ["[::1]:8080", true],
    ["[fd00::1]:8080", true],
    ["Train.Example.ORG", true],
    ["192.168.1.21:8080", false],
    ["train.example.org.evil.example", false],
    ["evil.example:192.168.1.20", false],
    ["", false],
    [undefined, false],
  ])("[security] %s is one of the server's own: %s", (host, expected) => {
    expect(rules.hostAllowed(asked(host === undefined ? {} : { host }))).toBe(expected);
  });

  it.each(["0.0.0.0", "::"])("[security] a server on %s is asked under no strange name either", (host) => {
    const everywhere = new AccessRules(host, CLOSED);
    expect(everywhere.hostAllowed(asked({ host: "localhost:1" }))).toBe(true);
    expect(everywhere.hostAllowed(asked({ host: "evil.example:1" }))).toBe(false);
    expect(everywhere.hostAllowed(asked({ host: `${host.includes(":") ? `[${host}]` : host}:1` }))).toBe(false);
  });
});

describe("the Origin of a request", () => {
  const rules = new AccessRules("127.0.0.1", OPEN);
  const host = "127.0.0.1:8080";

  it.each([
    ["none, as programs send", undefined, false, true],
    ["the page's own, over http", "http://127.0.0.1:8080", false, true],
    ["the page's own, behind a proxy with TLS", "https://127.0.0.1:8080", false, true],
    ["the page's own, over https", "https://127.0.0.1:8080", true, true],
    ["a page of http to a server of https", "http://127.0.0.1:8080", true, false],
    ["another port", "http://127.0.0.1:8081", false, false],
    ["a name that begins with the server's", "http://127.0.0.1:8080.evil.example", false, false],
    ["the same over https", "https://127.0.0.1:8080.evil.example", false, false],
    ["a page without an origin, such as a file or a frame in a sandbox", "null", false, false],
    ["the server's name without its port", "http://127.0.0.1", false, false],
  ])("[security] %s", (_, origin, isEncrypted, expected) => {
    const headers = origin === undefined ? { host } : { host, origin };
    expect(rules.originAllowed(asked(headers, isEncrypted))).toBe(expected);
  });
});

describe("tokens", () => {
  const open = new AccessRules("127.0.0.1", OPEN);
  const closed = new AccessRules("127.0.0.1", CLOSED);
  const unsteered = new AccessRules("127.0.0.1", { join: "joinsecret", admin: null });

  it.each([
    ["no token", [], true, false],
    ["a wrong one", ["t.other"], true, false],
    ["the one for joining", ["t.joinsecret"], true, true],
    ["the one for steering, which opens everything", ["t.adminsecret"], true, true],
    ["a beginning of the right one", ["t.joinsecre"], true, false],
    ["the right one without its mark", ["joinsecret"], true, false],
  ])("[security] %s: a worker joins where none is asked for, %s, and where one is, %s", (_, offered, free, guarded) => {
    const protocols = ["tributary", ...offered];
    expect([open.subprotocolsAllowed(protocols), closed.subprotocolsAllowed(protocols)]).toEqual([free, guarded]);
  });

  it.each([
    ["no token", [], "viewer", null],
    ["a wrong one, which is told so where none is asked for", ["t.other"], null, null],
    ["the one for joining", ["t.joinsecret"], null, "viewer"],
    ["the one for steering", ["t.adminsecret"], "admin", "admin"],
  ])("[security] %s: a watcher is %s where none is asked for, and where one is, %s", (_, offered, free, guarded) => {
    expect([open.watchRole(offered), closed.watchRole(offered)]).toEqual([free, guarded]);
  });

  it("[security] nobody steers a run that has no token for it", () => {
    expect(unsteered.watchRole(["t.null"])).toBe(null);
    expect(unsteered.watchRole(["t."])).toBe(null);
    expect(unsteered.watchRole(["t.joinsecret"])).toBe("viewer");
  });

  it.each([
    [undefined, false],
    ["Bearer joinsecret", true],
    ["Bearer adminsecret", true],
    ["Bearer other", false],
    ["Basic Bearer joinsecret", false],
    ["Bearer joinsecret more", false],
    ["joinsecret", false],
  ])("[security] Authorization %s takes programs and data: %s", (authorization, expected) => {
    const headers = authorization === undefined ? {} : { authorization };
    expect(closed.bearerAllowed(asked(headers))).toBe(expected);
    expect(open.bearerAllowed(asked(headers))).toBe(true);
  });
});

import { describe, expect, it, onTestFinished } from "vitest";
import { type Listening, listen, type Reach } from "./listen.ts";

const TOKEN = /^[\w-]{22}$/;

/** A server without identity is enough to be asked nothing: TLS fails in the handshake, and links are links. */
const TLS = { key: "", cert: "" };

async function listening(reach: Reach): Promise<Listening> {
  const content = { blobs: new Map(), run: "r", description: () => ({}), pages: new Map(), page: "" };
  const served = { content, onSocket: () => {}, onWatcher: () => {} };
  const all = await listen(reach, served);
  onTestFinished(() => all.close());
  return all;
}

/** The token behind the # of a link; null: it has none. */
function tokenOf(link: string, key: "t" | "a" = "t"): string | null {
  return new URLSearchParams(new URL(link).hash.slice(1)).get(key);
}

describe("a coordinator's links", () => {
  it("[security] on this machine alone have no token for joining, and always one for steering", async () => {
    const { url, joinUrl, localJoinUrl, dashboardUrl } = await listening({});
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect([joinUrl, localJoinUrl]).toEqual([`${url}/join`, `${url}/join`]);
    expect(dashboardUrl.startsWith(`${url}/#a=`)).toBe(true);
    expect(tokenOf(dashboardUrl, "a")).toMatch(TOKEN);
  });

  it.each([
    ["a network", { host: "0.0.0.0" }],
    ["every network", { host: "::" }],
    ["a tunnel or a proxy, which comes from this machine", { publicOrigin: "https://train.example.org" }],
    ["a port with TLS, which is meant for others", { tls: TLS }],
  ])("[security] to %s have a token of 128 random bits, each run its own", async (_, reach) => {
    const [first, second] = [await listening(reach), await listening(reach)];
    const tokens = [first, second].map(({ joinUrl }) => tokenOf(joinUrl));
    for (const token of tokens) expect(token).toMatch(TOKEN);
    expect(tokens[0]).not.toBe(tokens[1]);
    // Whoever is given the link for joining must not be able to steer.
    expect(tokenOf(first.dashboardUrl, "a")).not.toBe(tokens[0]);
    expect(first.url).not.toContain("#");
  });

  it("[security] have the tokens that were chosen", async () => {
    const { joinUrl, dashboardUrl } = await listening({ token: "joinsecret", adminToken: "adminsecret" });
    expect([tokenOf(joinUrl), tokenOf(dashboardUrl, "a")]).toEqual(["joinsecret", "adminsecret"]);
  });

  it("[security] within this machine, beside TLS, take the token as well: others may be logged in here", async () => {
    const { joinUrl, localJoinUrl, dashboardUrl } = await listening({ tls: TLS });
    expect(joinUrl).toMatch(/^https:/);
    const { origin } = new URL(localJoinUrl);
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(new URL(dashboardUrl).origin).toBe(origin);
    const statusOf = async (headers: Record<string, string>) =>
      (await fetch(`${origin}/blobs/${"0".repeat(64)}`, { headers })).status;
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: `Bearer ${tokenOf(localJoinUrl)}` })).toBe(404);
  });

  it("carry the public origin to others, and this machine's own address within it", async () => {
    const { url, joinUrl, localJoinUrl } = await listening({ publicOrigin: "https://train.example.org" });
    expect(url).toBe("https://train.example.org");
    expect(joinUrl.startsWith("https://train.example.org/join#t=")).toBe(true);
    expect(localJoinUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/join#t=/);
  });
});

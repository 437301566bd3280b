import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const ORIGIN = "https://train.example.org";

interface Policy {
  createScriptURL(url: string): string;
}

/** The page's own, as it is when a page has just been opened. */
async function freshThreadUrl(): Promise<(url: string) => string> {
  vi.resetModules();
  return (await import("./thread-policy.ts")).threadUrl;
}

beforeEach(() => {
  vi.stubGlobal("location", { origin: ORIGIN, href: `${ORIGIN}/join#t=secret` });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(["with", "without"])("what starts a thread, in a browser %s Trusted Types", (has) => {
  const policies: string[] = [];

  beforeEach(() => {
    policies.length = 0;
    const createPolicy = (name: string, rules: Policy): Policy => {
      policies.push(name);
      return { createScriptURL: (url) => `trusted ${rules.createScriptURL(url)}` };
    };
    vi.stubGlobal("trustedTypes", has === "with" ? { createPolicy } : undefined);
  });

  it.each(["/assets/main-1a2b.js", `${ORIGIN}/assets/main-1a2b.js`])("is %s, a file of the build", async (url) => {
    const threadUrl = await freshThreadUrl();
    expect(threadUrl(url)).toBe(has === "with" ? `trusted ${url}` : url);
  });

  it.each([
    "https://evil.example/assets/main-1a2b.js",
    "//evil.example/assets/main-1a2b.js",
    "http://train.example.org/assets/main-1a2b.js",
    "https://train.example.org:8443/assets/main-1a2b.js",
    "/blobs/aaaa",
    "/assets/../blobs/aaaa",
    "/assetsomething.js",
    "data:text/javascript,alert(1)",
    "blob:https://train.example.org/1b9d6bcd",
  ])("[security] is never %s", async (url) => {
    const threadUrl = await freshThreadUrl();
    expect(() => threadUrl(url)).toThrow("is no script of this page");
  });

  it("[security] is allowed by one policy, under the one name that the content security policy admits", async () => {
    const threadUrl = await freshThreadUrl();
    for (const name of ["a", "b"]) threadUrl(`/assets/${name}.js`);
    expect(policies).toEqual(has === "with" ? ["tributary-threads"] : []);
  });
});

import { describe, expect, it } from "vitest";
import { nameProblem, suggestName } from "./worker-name.ts";

describe("a name", () => {
  it.each(["Zoë's".replace("'", "-"), "Tür 7", "学校 PC_2", "a.b-c"])("%s can be used", (name) => {
    expect(nameProblem(name)).toBeNull();
  });

  it.each([
    ["", "Give this device a name"],
    ["a".repeat(33), "at most 32 characters"],
    ["<b>bold</b>", "letters, digits"],
    ["a<b", "letters, digits"],
    ["a>b", "letters, digits"],
    ["a&b", "letters, digits"],
    ['a"b', "letters, digits"],
    ["a\nb", "letters, digits"],
  ])("%j cannot be used, and the page says why", (name, words) => {
    expect(nameProblem(name)).toContain(words);
  });
});

describe("a suggested name", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36";
  const safari =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";

  it.each([
    [chrome, 0, "Chrome on Linux 100"],
    [chrome.replace("Safari/537.36", "Safari/537.36 Edg/147.0"), 0.5, "Edge on Linux 550"],
    [safari, 0.999, "Safari on iOS 999"],
    ["nothing known", 0, "Browser on a device 100"],
  ])("is made of the browser and the system (%#)", (userAgent, random, name) => {
    expect(suggestName(userAgent, random)).toBe(name);
    expect(nameProblem(name)).toBeNull();
  });
});

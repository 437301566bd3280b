import { describe, expect, it } from "vitest";
import { parseJoinAddress } from "./join-address.ts";

describe("parseJoinAddress", () => {
  it.each([
    ["http://127.0.0.1:41233/join#t=abc_-1", "ws://127.0.0.1:41233/socket", "http://127.0.0.1:41233/blobs/", "abc_-1"],
    ["https://example.org/join#t=x", "wss://example.org/socket", "https://example.org/blobs/", "x"],
    ["ws://[::1]:80", "ws://[::1]/socket", "http://[::1]/blobs/", null],
    ["http://localhost:1/anything?else#t=", "ws://localhost:1/socket", "http://localhost:1/blobs/", null],
  ])("takes %s apart", (link, socketUrl, blobUrl, token) => {
    expect(parseJoinAddress(link)).toEqual({ socketUrl, blobUrl, token });
  });

  it.each(["", "localhost", "ftp://host", "http://"])("refuses %j, without showing a token", (link) => {
    expect(() => parseJoinAddress(`${link}#t=secret`)).toThrow(expect.objectContaining({ code: "JOIN_ADDRESS" }));
    expect(() => parseJoinAddress(`${link}#t=secret`)).not.toThrow("secret");
  });
});

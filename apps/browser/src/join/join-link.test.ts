import { describe, expect, it } from "vitest";
import { parseJoinLink } from "./join-link.ts";

describe("a join link", () => {
  it("names the coordinator by the page's own address, and the token behind the # sign", () => {
    expect(parseJoinLink({ protocol: "http:", host: "10.0.0.5:8080", hash: "#t=a_b-C" })).toEqual({
      socketUrl: "ws://10.0.0.5:8080/socket",
      blobUrl: "http://10.0.0.5:8080/blobs/",
      runsUrl: "http://10.0.0.5:8080/runs",
      host: "10.0.0.5:8080",
      token: "a_b-C",
      backend: "auto",
    });
  });

  it("over https has a socket over TLS", () => {
    expect(parseJoinLink({ protocol: "https:", host: "example.org", hash: "" })).toMatchObject({
      socketUrl: "wss://example.org/socket",
      token: null,
    });
  });

  it.each([
    ["#t=x&backend=webgpu", "x", "webgpu"],
    ["#backend=wasm", null, "wasm"],
    ["#t=&backend=cuda", null, "auto"],
  ])("%s asks for %s and %s", (hash, token, backend) => {
    expect(parseJoinLink({ protocol: "http:", host: "h", hash })).toMatchObject({ token, backend });
  });
});

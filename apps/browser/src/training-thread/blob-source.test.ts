import { beforeEach, describe, expect, it } from "vitest";
import { createBlobSource } from "./blob-source.ts";

const HASH = "a".repeat(64);

/** A fetch that answers with these, and notes what was asked. */
function fakeFetch(answer: () => Response) {
  const asked: { readonly url: string; readonly authorization: string | null }[] = [];
  const fetchUrl: typeof fetch = async (input, init) => {
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get("authorization") });
    return answer();
  };
  return { asked, fetch: fetchUrl };
}

describe("a tab's blobs", () => {
  let received: number[] = [];
  const onReceived = (bytes: number) => received.push(bytes);

  beforeEach(() => {
    received = [];
  });

  it("come from the coordinator by their hash, with the token; asked for twice at once, once", async () => {
    const { asked, fetch } = fakeFetch(() => new Response(Uint8Array.of(1, 2, 3)));
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: "tok", store: null, fetch, onReceived });
    const [first, second] = await Promise.all([source(HASH), source(HASH)]);
    expect([...first]).toEqual([1, 2, 3]);
    expect(second).toBe(first);
    expect(asked).toEqual([{ url: `http://h:1/blobs/${HASH}`, authorization: "Bearer tok" }]);
    expect(received).toEqual([3]);
  });

  it("count as received also where they did not come whole", async () => {
    const broken = new ReadableStream({
      start: (stream) => stream.enqueue(Uint8Array.of(1, 2, 3, 4)),
      pull: (stream) => stream.error(new Error("gone")),
    });
    const { fetch } = fakeFetch(() => new Response(broken));
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: null, store: null, fetch, onReceived });
    await expect(source(HASH)).rejects.toMatchObject({ code: "BLOB_UNREACHABLE" });
    expect(received).toEqual([4]);
  });

  it("are unreachable when the server says no", async () => {
    const { fetch } = fakeFetch(() => new Response("no", { status: 404 }));
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: null, store: null, fetch, onReceived });
    await expect(source(HASH)).rejects.toMatchObject({ code: "BLOB_UNREACHABLE" });
  });

  it("are not read to the end when they are announced as larger than any blob is", async () => {
    const headers = { "content-length": String(65 * 1024 * 1024) };
    const { fetch } = fakeFetch(() => new Response(Uint8Array.of(1), { headers }));
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: null, store: null, fetch, onReceived });
    await expect(source(HASH)).rejects.toThrow("more than 67108864 bytes");
  });
});

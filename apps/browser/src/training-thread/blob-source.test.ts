import { beforeEach, describe, expect, it } from "vitest";
import { createBlobSource } from "./blob-source.ts";

const HASH = "a".repeat(64);

/** A fetch that answers with these, and notes what was asked. */
function fakeFetch(answer: () => Response) {
  const redirects: unknown[] = [];
  const asked: { readonly url: string; readonly authorization: string | null }[] = [];
  const fetchUrl: typeof fetch = async (input, init) => {
    redirects.push(init?.redirect);
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get("authorization") });
    return answer();
  };
  return { asked, redirects, fetch: fetchUrl };
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

  it("go nowhere else with the token: a redirection is an error", async () => {
    const { redirects, fetch } = fakeFetch(() => new Response(Uint8Array.of(1)));
    await createBlobSource({ blobUrl: "http://h:1/blobs/", token: "tok", store: null, fetch, onReceived })(HASH);
    expect(redirects).toEqual(["error"]);
  });

  it("are not read to the end either when they come larger than they were announced", async () => {
    const piece = new Uint8Array(2 ** 20);
    let pulls = 0;
    let isCancelled = false;
    const endless = new ReadableStream({
      pull: (stream) => {
        pulls += 1;
        stream.enqueue(piece);
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const { fetch } = fakeFetch(() => new Response(endless, { headers: { "content-length": "1" } }));
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: null, store: null, fetch, onReceived });
    await expect(source(HASH)).rejects.toThrow("more than 67108864 bytes");
    expect(isCancelled).toBe(true);
    // The stream keeps one piece ready beside the 65 that were taken.
    expect(pulls).toBeLessThanOrEqual(66);
  });

  it("that could not be had are asked for again when they are wanted again", async () => {
    const answers = [new Response("no", { status: 503 }), new Response(Uint8Array.of(7))];
    const { fetch } = fakeFetch(() => answers.shift() ?? new Response("too often", { status: 500 }));
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: null, store: null, fetch, onReceived });
    await expect(source(HASH)).rejects.toMatchObject({ code: "BLOB_UNREACHABLE" });
    expect(await source(HASH)).toEqual(Uint8Array.of(7));
  });

  it("are put into the store, which nobody waits for, and come from there the next time", async () => {
    const { asked, fetch } = fakeFetch(() => new Response(Uint8Array.of(7)));
    const kept = new Map<string, Uint8Array>();
    const store = {
      get: async (hash: string) => kept.get(hash) ?? null,
      put: (hash: string, bytes: Uint8Array) => {
        kept.set(hash, bytes);
        return new Promise<never>(() => {});
      },
    };
    const source = createBlobSource({ blobUrl: "http://h:1/blobs/", token: null, store, fetch, onReceived });
    expect(await source(HASH)).toEqual(Uint8Array.of(7));
    expect(await source(HASH)).toEqual(Uint8Array.of(7));
    expect(asked).toHaveLength(1);
    expect(received).toEqual([1]);
  });
});

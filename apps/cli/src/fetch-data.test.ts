import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isFetched } from "./data-cache.ts";
import { CommandError } from "./errors.ts";
import { fetchDataset } from "./fetch-data.ts";
import { KNOWN_DATASET_NAMES, KNOWN_DATASETS, type KnownDataset, type KnownFile } from "./known-datasets.ts";

const CONTENT = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));

let folder: string;
let server: Server;
let base: string;
/** How the server answers, and what it was asked. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: (string | undefined)[];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A server as any other: whole files, and parts where they are asked for. */
function serving(content: Buffer) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const from = Number(request.headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
    if (from > 0) response.setHeader("content-range", `bytes ${from}-${content.length - 1}/${content.length}`);
    response.writeHead(from > 0 ? 206 : 200).end(content.subarray(from));
  };
}

function known(content: Buffer, urls: readonly string[] = [`${base}file.bin`], name = "file.bin"): KnownFile {
  return { name, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex"), urls };
}

function freshFolder(): string {
  folder = mkdtempSync(join(tmpdir(), "tributary-fetch-"));
  asked = [];
  return join(folder, "cache", "set");
}

const progress: number[] = [];
const fetchInto = (dataset: KnownDataset, into: string, idleTimeoutMs = 2000) => {
  progress.length = 0;
  return fetchDataset("set", dataset, into, {
    fetch,
    idleTimeoutMs,
    onProgress: (received) => progress.push(received),
  });
};

async function refusal(fetching: Promise<unknown>): Promise<CommandError> {
  try {
    await fetching;
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("The dataset was fetched");
}

describe("fetching a dataset", () => {
  it("stores its files, checked, tells progress, and does nothing the second time", async () => {
    const into = freshFolder();
    answer = serving(CONTENT);
    const dataset = { about: "", files: [known(CONTENT), known(CONTENT, [`${base}b`], "b.bin")] };
    expect(await fetchInto(dataset, into)).toBe(true);
    expect(readdirSync(into).toSorted()).toEqual(["b.bin", "file.bin"]);
    expect(readFileSync(join(into, "file.bin"))).toEqual(CONTENT);
    expect(progress.at(-1)).toBe(10_000);
    expect(progress.every((received, i) => received >= (progress[i - 1] ?? 0))).toBe(true);
    expect(await fetchInto(dataset, into)).toBe(false);
    expect(asked.length).toBe(2);
  });

  it("goes on where it was cut off", async () => {
    const into = freshFolder();
    const dataset = { about: "", files: [known(CONTENT)] };
    answer = (_, response) => {
      response.writeHead(200, { "content-length": CONTENT.length });
      response.write(CONTENT.subarray(0, 3000), () => setTimeout(() => response.destroy(), 50));
    };
    const error = await refusal(fetchInto(dataset, into));
    expect([error.code, error.exitCode]).toEqual(["CANNOT_FETCH", 4]);
    expect(readdirSync(into)).toEqual(["file.bin.part"]);
    answer = serving(CONTENT);
    await fetchInto(dataset, into);
    expect(asked).toEqual([undefined, "bytes=3000-"]);
    expect(readFileSync(join(into, "file.bin"))).toEqual(CONTENT);
  });

  it("begins anew where a server knows no ranges, or a part is longer than the file", async () => {
    const into = freshFolder();
    mkdirSync(into, { recursive: true });
    answer = (_, response) => void response.writeHead(200).end(CONTENT);
    const dataset = { about: "", files: [known(CONTENT)] };
    writeFileSync(join(into, "file.bin.part"), CONTENT.subarray(0, 100));
    await fetchInto(dataset, into);
    expect(readFileSync(join(into, "file.bin"))).toEqual(CONTENT);
    rmSync(join(into, "file.bin"));
    writeFileSync(join(into, "file.bin.part"), Buffer.alloc(6000));
    await fetchInto(dataset, into);
    expect(readFileSync(join(into, "file.bin"))).toEqual(CONTENT);
  });

  it("takes a part that is whole already without asking", async () => {
    const into = freshFolder();
    mkdirSync(into, { recursive: true });
    writeFileSync(join(into, "file.bin.part"), CONTENT);
    await fetchInto({ about: "", files: [known(CONTENT)] }, into);
    expect([asked, readdirSync(into)]).toEqual([[], ["file.bin"]]);
  });

  it("tries one address after the other", async () => {
    const into = freshFolder();
    answer = (request, response) =>
      request.url === "/good" ? serving(CONTENT)(request, response) : void response.writeHead(404).end();
    await fetchInto({ about: "", files: [known(CONTENT, [`${base}gone`, `${base}good`])] }, into);
    expect(asked.length).toBe(2);
    const error = await refusal(fetchInto({ about: "", files: [known(CONTENT, [`${base}gone`], "other")] }, into));
    expect(error.message).toMatch(/^set cannot be fetched: 127\.0\.0\.1:\d+ answered 404 for other$/);
  });

  it("keeps nothing that has another hash or more bytes, and says so with exit code 3", async () => {
    const into = freshFolder();
    const other = Buffer.from(CONTENT);
    other[2500] = 255;
    answer = serving(other);
    const error = await refusal(fetchInto({ about: "", files: [known(CONTENT)] }, into));
    expect([error.code, error.exitCode]).toEqual(["DATA_INVALID", 3]);
    expect(error.message).toContain("with the SHA-256");
    expect(readdirSync(into)).toEqual([]);
    answer = serving(Buffer.concat([CONTENT, CONTENT]));
    const long = await refusal(fetchInto({ about: "", files: [known(CONTENT)] }, into));
    expect(long.message).toContain("gave more than the 5000 bytes of file.bin");
  });

  it("gives up a server that falls silent", async () => {
    const into = freshFolder();
    answer = (_, response) => void response.writeHead(200).write(CONTENT.subarray(0, 10));
    const error = await refusal(fetchInto({ about: "", files: [known(CONTENT)] }, into, 100));
    expect(error.message).toContain("no byte for 0.1 s");
  });

  it("says without a network what to do, with exit code 4", async () => {
    const into = freshFolder();
    // Port 1 of this machine: nothing listens there.
    const error = await refusal(
      fetchInto({ about: "", files: [known(CONTENT, ["http://127.0.0.1:1/file.bin"])] }, into),
    );
    expect([error.code, error.exitCode]).toEqual(["CANNOT_FETCH", 4]);
    expect(error.message).toMatch(/^set cannot be fetched: 127\.0\.0\.1:1: /);
    expect(error.remedy).toContain(`put file.bin into ${into} yourself`);
  });
});

describe("an archive", () => {
  /** A tar file: a header block with name, size in octal digits and type, then the bytes padded to 512. */
  function tarOf(...members: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
    const blocks = members.flatMap(([name, bytes]) => {
      const header = Buffer.alloc(512);
      header.write(name, 0, "latin1");
      header.write(bytes.length.toString(8).padStart(11, "0"), 124, "latin1");
      header.write("0", 156, "latin1");
      return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
    });
    return Buffer.concat([...blocks, Buffer.alloc(1024)]);
  }
  const members = [
    { name: "a.bin", bytes: 600 },
    { name: "b.bin", bytes: 3 },
  ];

  it("is unpacked, its wanted members by their last names alone, and removed", async () => {
    const into = freshFolder();
    const [a, b] = [CONTENT.subarray(0, 600), Buffer.from("xyz")];
    const archive = gzipSync(tarOf(["set/readme", Buffer.from("words")], ["../../a.bin", a], ["set/b.bin", b]));
    answer = serving(archive);
    const dataset = { about: "", files: [known(archive)], members };
    expect(await fetchInto(dataset, into)).toBe(true);
    expect(readdirSync(into).toSorted()).toEqual(["a.bin", "b.bin"]);
    expect(readFileSync(join(into, "a.bin"))).toEqual(a);
    expect(isFetched(dataset, into)).toBe(true);
  });

  it("is refused when a member is missing", async () => {
    const into = freshFolder();
    const archive = gzipSync(tarOf(["set/b.bin", Buffer.from("xyz")]));
    answer = serving(archive);
    const error = await refusal(fetchInto({ about: "", files: [known(archive)], members }, into));
    expect(error.message).toBe("The archive of set lacks a.bin, b.bin");
  });
});

describe("the known datasets", () => {
  it("are all named, and pinned by size and SHA-256", () => {
    expect([...KNOWN_DATASET_NAMES].toSorted()).toEqual(Object.keys(KNOWN_DATASETS).toSorted());
    for (const name of KNOWN_DATASET_NAMES) {
      const { files } = KNOWN_DATASETS[name];
      expect(new Set(files.map((file) => file.sha256)).size).toBe(files.length);
      for (const file of files) {
        expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(file.bytes).toBeGreaterThan(1000);
        expect(file.urls.every((url) => url.endsWith(file.name))).toBe(true);
      }
    }
  });
});

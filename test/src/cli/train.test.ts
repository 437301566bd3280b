import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { decodeSafetensors } from "@tributary/training";
import { describe, expect, it } from "vitest";
import { Command } from "../running/command.ts";
import { readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { TINY_RUN } from "./run-files.ts";

/** A folder outside the repository, with a run file in a folder of its own. */
async function folderWithRun(): Promise<{ folder: string; file: string }> {
  const folder = await temporaryFolder();
  const file = join(folder, "elsewhere", "tiny.run.ts");
  await mkdir(dirname(file));
  await writeFile(file, TINY_RUN);
  return { folder, file };
}

/** An IDX file: unsigned bytes of this shape, after "The MNIST database", file formats. */
function idxFile(shape: readonly number[], bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((dimension, axis) => {
    header.writeUInt32BE(dimension, 4 + 4 * axis);
  });
  return Buffer.concat([header, bytes]);
}

/** Images of which class k has its k-th column white: learnt at once. */
function stripes(count: number): { readonly images: Buffer; readonly labels: Buffer } {
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 10);
  const pixels = Uint8Array.from({ length: count * 784 }, (_, at) =>
    at % 28 === labels[Math.floor(at / 784)] ? 255 : 0,
  );
  return { images: idxFile([count, 28, 28], pixels), labels: idxFile([count], labels) };
}

describe("tributary train", () => {
  it("--json: a run file anywhere on the disk, one JSON object a line on standard output, and the events that scripts rely on", async () => {
    const { folder, file } = await folderWithRun();
    const command = await Command.run(["train", file, "--workers", "1", "--json", "--out", "result"], folder);
    expect(command.words).toBe("");
    expect(command.code).toBe(0);
    expect(command.lines.map((line) => JSON.parse(line))).toEqual(command.events);

    const [first] = command.events;
    expect(first).toEqual({
      event: "listening",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      joinUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/join$/),
      run: expect.stringMatching(/^tiny-/),
      parameters: 7_850,
    });
    expect(command.named("worker")[0]).toEqual({
      event: "worker",
      id: expect.any(String),
      name: "local-1",
      state: "joined",
    });
    expect(command.named("step").map(({ step, epoch, samples }) => [step, epoch, samples])).toEqual([
      [1, 1, 32],
      [2, 1, 64],
      [3, 2, 96],
      [4, 2, 128],
    ]);
    expect(command.named("step")[0]).toMatchObject({
      loss: expect.any(Number),
      samplesPerSecond: expect.any(Number),
      workers: 1,
    });
    const epoch = { trainLoss: expect.any(Number), testLoss: expect.any(Number), testAccuracy: expect.any(Number) };
    expect(command.named("epoch")).toMatchObject([
      { epoch: 1, seconds: expect.any(Number), ...epoch },
      { epoch: 2, seconds: expect.any(Number), ...epoch },
    ]);
    await expectResult(command, join(folder, "result"));
  });

  async function expectResult(command: Command, out: string): Promise<void> {
    const model = join(out, "model.safetensors");
    expect(command.events.slice(-2)).toEqual([
      { event: "checkpoint", step: 4, path: join(out, "checkpoints", "step-000000004") },
      {
        event: "finished",
        steps: 4,
        samples: 128,
        seconds: expect.any(Number),
        samplesPerSecond: expect.any(Number),
        testAccuracy: command.named("epoch")[1]?.testAccuracy,
        testLoss: command.named("epoch")[1]?.testLoss,
        model,
        parametersSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        bytesSent: expect.any(Number),
        bytesReceived: expect.any(Number),
      },
    ]);
    expect((await readRecord(out)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    // The layout is [10, 784] and [10], padded to 7,852 floats; the hash is of those.
    const { tensors } = decodeSafetensors(new Uint8Array(await readFile(model)));
    const hash = createHash("sha256");
    for (const name of ["1.weight", "1.bias"]) hash.update(tensors.get(name)?.bytes ?? "");
    expect(hash.update(new Uint8Array(8)).digest("hex")).toBe(command.named("finished")[0]?.parametersSha256);
  }

  it("without --json: words on standard error, the address to join and where the model is, and nothing on standard output", async () => {
    const { folder, file } = await folderWithRun();
    const command = await Command.run(["train", file, "--workers", "1", "--steps", "2"], folder);
    expect(command.code).toBe(0);
    expect(command.lines).toEqual([]);
    expect(command.words).toMatch(/to join +http:\/\/127\.0\.0\.1:\d+\/join\n/);
    // 16 random bytes, in the form of RFC 4648, section 5.
    expect(command.words).toMatch(/dashboard +http:\/\/127\.0\.0\.1:\d+\/#a=[\w-]{22}\n/);
    expect(command.words).toMatch(/2 steps/);
    expect(command.words).toMatch(/Model: .*runs\/tiny-\d{4}-\d{2}-\d{2}-\d{6}\/model\.safetensors\n/);
  });

  it("--data: IDX files in the run file's place, plain or packed, and options change the recipe", async () => {
    const { folder, file } = await folderWithRun();
    const data = join(folder, "stripes");
    await mkdir(data);
    const train = stripes(200);
    const test = stripes(50);
    await writeFile(join(data, "train-images-idx3-ubyte"), train.images);
    await writeFile(join(data, "train-labels-idx1-ubyte.gz"), gzipSync(train.labels));
    await writeFile(join(data, "t10k-images-idx3-ubyte.gz"), gzipSync(test.images));
    await writeFile(join(data, "t10k-labels-idx1-ubyte"), test.labels);
    const options = ["--data", "stripes", "--epochs", "3", "--batch-size", "50", "--learning-rate", "0.1"];
    const words = ["train", file, "--workers", "1", "--seed", "5", "--codec", "float16", "--json", ...options];
    const command = await Command.run(words, folder);
    expect(command.code).toBe(0);
    expect(command.named("finished")).toMatchObject([{ steps: 12, samples: 600, testAccuracy: 1 }]);
  });

  it("--help names every option of interfaces that a command takes; without words there is the overview", async () => {
    const folder = await temporaryFolder();
    const [overview, help] = await Promise.all([Command.run([], folder), Command.run(["train", "--help"], folder)]);
    expect([overview.code, help.code]).toEqual([0, 0]);
    expect(overview.lines.join("\n")).toMatch(/train RUN\.ts[\s\S]*serve RUN\.ts[\s\S]*join URL/);
    const options = "workers threads backend epochs steps batch-size learning-rate seed data out mode codec port host";
    for (const option of `${options} token open json quiet`.split(" ")) {
      expect(help.lines.join("\n")).toContain(`--${option} `);
    }
  });
});

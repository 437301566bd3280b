import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Command, SMALL_RUN } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { TINY_RUN } from "./run-files.ts";

/** The one error event of a command that was run with --json. */
async function errorOf(words: readonly string[], folder: string) {
  const command = await Command.run([...words, "--json"], folder);
  expect(command.lines.map((line) => JSON.parse(line))).toEqual(command.events);
  const [error] = command.named("error");
  return { exit: command.code, code: error?.code, message: error?.message, remedy: error?.remedy };
}

describe("exit codes", () => {
  it("2, wrong usage: says what is wrong and what was perhaps meant", async () => {
    const folder = await temporaryFolder();
    const [command, option, value, operand, mode, address] = await Promise.all([
      errorOf(["trian", SMALL_RUN], folder),
      errorOf(["train", SMALL_RUN, "--epoch", "3"], folder),
      errorOf(["train", SMALL_RUN, "--workers", "two"], folder),
      errorOf(["train"], folder),
      errorOf(["train", SMALL_RUN, "--mode", "async"], folder),
      errorOf(["join", "no address"], folder),
    ]);
    expect(command).toMatchObject({ exit: 2, code: "USAGE", remedy: "Did you mean train?" });
    expect(option).toMatchObject({ exit: 2, code: "USAGE", remedy: "Did you mean --epochs?" });
    expect(value).toMatchObject({ exit: 2, code: "USAGE", message: '--workers is "two"' });
    expect(operand).toMatchObject({ exit: 2, code: "USAGE", message: "train needs RUN.ts" });
    expect(mode).toMatchObject({ exit: 2, code: "USAGE" });
    expect(address).toMatchObject({ exit: 2, message: expect.stringContaining("no address") });
  });

  it("3, an invalid run file or data: names the file and what is wrong with it", async () => {
    const folder = await temporaryFolder();
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return ["train", name, "--workers", "1"];
    };
    const [absent, broken, empty, invalid, misfit, data] = await Promise.all([
      errorOf(["train", "nowhere.run.ts"], folder),
      errorOf(await write("broken.run.ts", "export default {"), folder),
      errorOf(await write("empty.run.ts", "export default 3;"), folder),
      errorOf(await write("invalid.run.ts", TINY_RUN.replace("batchSize: 32", "batchSize: 0")), folder),
      errorOf(await write("misfit.run.ts", TINY_RUN.replace("Linear(784, 10)", "Linear(783, 10)")), folder),
      errorOf([...(await write("tiny.run.ts", TINY_RUN)), "--data", folder], folder),
    ]);
    expect(absent).toMatchObject({ exit: 3, code: "RUN_FILE_INVALID", message: expect.stringContaining("nowhere") });
    expect(broken).toMatchObject({ exit: 3, code: "RUN_FILE_INVALID", message: expect.stringContaining("broken") });
    expect(empty).toMatchObject({ exit: 3, code: "RUN_FILE_INVALID", message: expect.stringContaining("defineRun") });
    expect(invalid).toMatchObject({ exit: 3, message: expect.stringContaining("batchSize is 0") });
    expect(misfit).toMatchObject({ exit: 3, message: expect.stringMatching(/783[\s\S]*784|784[\s\S]*783/) });
    expect(data).toMatchObject({ exit: 3, code: "DATA_INVALID", message: expect.stringContaining(folder) });
  });

  it("4, a port that another process has", async () => {
    const folder = await temporaryFolder();
    const other = createServer();
    onTestFinished(() => new Promise<void>((resolve) => other.close(() => resolve())));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const taken = await errorOf(["train", SMALL_RUN, "--port", `${port}`], folder);
    expect(taken).toMatchObject({ exit: 4, message: expect.stringContaining(`127.0.0.1:${port}`) });
  });

  it("6, diverged: says so, and leaves no model", async () => {
    const folder = await temporaryFolder();
    const words = ["train", SMALL_RUN, "--workers", "1", "--learning-rate", "1e38", "--json"];
    const command = await Command.run(words, folder);
    expect(command.code).toBe(6);
    expect(command.named("error")).toMatchObject([{ code: "DIVERGED" }]);
    expect(command.named("finished")).toEqual([]);
  });
});

describe("tributary serve and tributary join", () => {
  it("as processes of their own: the link lets a worker in, a wrong token does not, and both end with the run", async () => {
    const folder = await temporaryFolder();
    const serving = Command.start(["serve", SMALL_RUN, "--token", "open-sesame", "--json"], folder);
    const { url, joinUrl } = await serving.until("listening");
    expect(joinUrl).toBe(`${url}/join#t=open-sesame`);
    const refused = await Command.run(["join", url, "--token", "wrong", "--json"], folder);
    expect(refused.code).toBe(4);
    expect(JSON.parse(refused.lines.at(-1) ?? "")).toMatchObject({ type: "end", code: "CONNECT_REFUSED" });
    expect(serving.named("waiting")).toHaveLength(1);
    const json = Command.start(["join", joinUrl, "--name", "first", "--threads", "2", "--json"], folder);
    const words = Command.start(["join", url, "--token", "open-sesame", "--name", "second"], folder);
    await serving.until("step", ({ workers }) => workers === 2);
    serving.signal("SIGTERM");
    const endings = await Promise.all([serving.ended, json.ended, words.ended]);
    expect(endings.map(({ code }) => code)).toEqual([143, 0, 0]);
    expect(json.lines.map((line) => JSON.parse(line).type)).toEqual(
      expect.arrayContaining(["connecting", "joined", "ready", "end"]),
    );
    expect(words.lines).toEqual([]);
    expect(words.words).toMatch(/Joined run small-/);
    expect(serving.named("worker").map(({ name, state }) => `${name} ${state}`)).toEqual(
      expect.arrayContaining(["first joined", "second joined"]),
    );
  });
});

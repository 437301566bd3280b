import { describe, expect, it } from "vitest";
import { Command, SMALL_RUN } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { Watching } from "../watch/watching.ts";

const ADMIN = "a-teacher~s_own.123";
const JOIN = "class-7b";

describe("the tokens that somebody chooses", () => {
  it("--json with TRIBUTARY_ADMIN_TOKEN: a script steers the run by a token that no line repeats", async () => {
    const variables = { TRIBUTARY_ADMIN_TOKEN: ADMIN };
    const command = Command.start(["train", SMALL_RUN, "--workers", "1", "--json"], await temporaryFolder(), variables);
    const { url } = await command.until("listening");
    await command.until("step");
    const viewer = await Watching.open({ url });
    expect((await viewer.until("snapshot")).role).toBe("viewer");
    await expect(viewer.ask({ type: "command", command: { command: "pause" } })).rejects.toThrow("NOT_ALLOWED");
    const admin = await Watching.open({ url }, ADMIN);
    expect((await admin.until("snapshot")).role).toBe("admin");
    await admin.ask({ type: "command", command: { command: "stop", reason: "the lesson is over" } });
    expect(await command.ended).toEqual({ code: 0, signal: null });
    expect(command.named("finished")).toHaveLength(1);
    expect(command.lines.join("\n") + command.words).not.toContain(ADMIN);
  });

  it("--admin-token: the printed address of the dashboard carries it; a run that is stopped before its first step is done, too", async () => {
    const command = Command.start(["serve", SMALL_RUN, "--admin-token", ADMIN], await temporaryFolder());
    await command.untilWords(`/#a=${ADMIN}\n`);
    const [, url = ""] = /coordinator +(\S+)/.exec(command.words) ?? [];
    const admin = await Watching.open({ url }, ADMIN);
    await admin.ask({ type: "command", command: { command: "stop", reason: "nobody came" } });
    expect(await command.ended).toEqual({ code: 0, signal: null });
  });

  it("TRIBUTARY_TOKEN: the coordinator asks for it, its own workers have it, and join takes it from there", async () => {
    const folder = await temporaryFolder();
    const variables = { TRIBUTARY_TOKEN: JOIN };
    const training = Command.start(["train", SMALL_RUN, "--workers", "1", "--json"], folder, variables);
    const { url, joinUrl } = await training.until("listening");
    expect(joinUrl).toBe(`${url}/join#t=${JOIN}`);
    await training.until("step");
    const without = await Command.run(["join", url, "--backend", "wasm"], folder);
    expect([without.code, without.words]).toEqual([4, expect.stringContaining("asks for a token (HTTP 401)")]);
    Command.start(["join", url, "--name", "second", "--backend", "wasm"], folder, variables);
    await training.until("worker", ({ name, state }) => name === "second" && state === "joined");
  });

  it("refuses, before anything is started, what is too short, cannot stand in a link, or serves for both", async () => {
    const folder = await temporaryFolder();
    const refused = async (words: readonly string[], variables = {}) => {
      const command = Command.start(["serve", SMALL_RUN, "--json", ...words], folder, variables);
      await command.ended;
      return command.events;
    };
    const [short, strange, same] = await Promise.all([
      refused(["--admin-token", "short"]),
      refused([], { TRIBUTARY_TOKEN: "7b & 7c" }),
      refused(["--admin-token", ADMIN, "--token", ADMIN]),
    ]);
    expect(short).toMatchObject([{ event: "error", code: "USAGE", message: "--admin-token has 5 letters" }]);
    expect(strange).toMatchObject([
      { event: "error", message: expect.stringMatching(/^TRIBUTARY_TOKEN has a letter/) },
    ]);
    expect(same).toMatchObject([{ event: "error", remedy: "Give two different ones" }]);
    expect(JSON.stringify([short, strange, same])).not.toMatch(/7b|teacher/);
  });
});

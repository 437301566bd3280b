import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Command, SMALL_RUN } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";

// Local workers share the command's standard error, and `ended` waits for its end: none of them is left behind.
describe("how a command ends", () => {
  it("a signal while nobody has joined: 130, with the first parameters saved", async () => {
    const command = Command.start(["serve", SMALL_RUN, "--json"], await temporaryFolder());
    // The first word that scripts can answer to.
    await command.until("listening");
    command.signal("SIGINT");
    expect(await command.ended).toEqual({ code: 130, signal: null });
    expect(command.named("checkpoint")).toMatchObject([{ step: 0 }]);
  });

  it("when nobody reads its lines any more, it finishes the step, saves, and ends", async () => {
    const command = Command.start(["train", SMALL_RUN, "--workers", "1", "--json"], await temporaryFolder());
    await command.until("step");
    command.child.stdout?.destroy();
    expect(await command.ended).toEqual({ code: 143, signal: null });
    expect(command.words).toBe("SIGTERM: finishing the step, then saving; once more to leave at once\n");
  });

  it("a signal while join looks for a coordinator that is not there: 130", async () => {
    const command = Command.start(["join", "http://127.0.0.1:9", "--backend", "wasm"], await temporaryFolder());
    await command.untilWords("trying again");
    command.signal("SIGINT");
    expect(await command.ended).toEqual({ code: 130, signal: null });
    expect(command.words).toContain("Left (0 contributions sent)");
  });

  it("a folder that cannot be made: an error with its remedy, and no process that stays", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "file");
    await writeFile(file, "");
    const command = Command.start(["serve", SMALL_RUN, "--out", join(file, "run"), "--json"], folder);
    expect((await command.ended).code).toBe(1);
    expect(command.named("error")).toMatchObject([
      { code: "STORAGE_FAILED", message: expect.stringContaining(file), remedy: expect.stringContaining("--out") },
    ]);
  });
});

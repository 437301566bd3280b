import { describe, expect, it } from "vitest";
import { nearestName, type OptionName, parseArguments } from "./options.ts";
import { refusal } from "./testing/refusal.ts";

const ALLOWED: OptionName[] = [
  "workers",
  "epochs",
  "batch-size",
  "learning-rate",
  "mode",
  "backend",
  "port",
  "json",
  "quiet",
  "help",
];
const parse = (line: string) => parseArguments(line.split(" ").filter(Boolean), ALLOWED);

describe("parseArguments", () => {
  it("reads options in both spellings, and leaves out what is not given", () => {
    expect(parse("run.ts --workers 2 --learning-rate=1e-3 --batch-size 64 --json")).toEqual({
      options: {
        workers: 2,
        learningRate: 0.001,
        batchSize: 64,
        json: true,
        lan: false,
        open: false,
        quiet: false,
        help: false,
      },
      positionals: ["run.ts"],
    });
  });

  it("knows -h and -q", () => {
    expect(parse("-h -q").options).toMatchObject({ help: true, quiet: true });
  });

  it.each([
    ["--epoch 3", "This command has no option --epoch", "Did you mean --epochs?"],
    ["--frobnicate", "This command has no option --frobnicate", "See --help for its options"],
    ["--workers", "--workers needs a value", "Write --workers N"],
    ["--workers=-1", '--workers is "-1"', "Give a whole number from 0 to 256"],
    ["--epochs 0", '--epochs is "0"', "Give a whole number of at least 1"],
    ["--epochs 1.5", '--epochs is "1.5"', "Give a whole number of at least 1"],
    ["--port 65536", '--port is "65536"', "Give a whole number from 0 to 65535"],
    ["--learning-rate 0", '--learning-rate is "0"', "Give a number above 0, such as 0.001"],
    ["--backend cuda", '--backend is "cuda"', "Choose one of auto, wasm, webgpu, reference"],
    ["--mode async", "--mode async is not there yet", "Leave --mode out, or use --mode sync"],
  ])("refuses %s, with a way to mend it and exit code 2", (line, message, remedy) => {
    const error = refusal(() => parse(line));
    expect([error.code, error.message, error.remedy, error.exitCode]).toEqual(["USAGE", message, remedy, 2]);
  });
});

describe("nearestName", () => {
  it("takes up to three edits", () => {
    expect(nearestName("worksers", ALLOWED)).toBe("workers");
    expect(nearestName("xyz", ["workers"])).toBeNull();
  });
});

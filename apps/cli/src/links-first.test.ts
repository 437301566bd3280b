import type { RunEvent } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { LinksFirst } from "./links-first.ts";

const LISTENING: RunEvent = {
  event: "listening",
  url: "http://h:1",
  joinUrl: "http://h:1/join",
  run: "r",
  parameters: 1,
};
const WAITING: RunEvent = { event: "waiting", step: 0, reason: "No worker is there" };
const JOINED: RunEvent = { event: "worker", id: "w", name: "Ada", state: "joined" };

/** Names of the events that were reported, and "links" where the links were shown. */
function reported(holds: boolean, workersCome: boolean, events: readonly RunEvent[], later: readonly RunEvent[] = []) {
  const seen: string[] = [];
  const links = new LinksFirst({ report: ({ event }) => seen.push(event) }, holds);
  for (const event of events) links.report(event);
  seen.push("links");
  links.areShown(workersCome);
  for (const event of later) links.report(event);
  return seen;
}

describe("what is said around the links", () => {
  it("that nobody is there comes below them", () => {
    expect(reported(true, false, [LISTENING, WAITING])).toEqual(["listening", "links", "waiting"]);
  });

  it("is not said at all where workers are about to come, and later as it happens", () => {
    expect(reported(true, true, [LISTENING, WAITING], [JOINED, WAITING])).toEqual([
      "listening",
      "links",
      "worker",
      "waiting",
    ]);
  });

  it("is not said when somebody has come meanwhile", () => {
    expect(reported(true, false, [LISTENING, WAITING, JOINED])).toEqual(["listening", "worker", "links"]);
  });

  it("reaches scripts as it comes", () => {
    expect(reported(false, false, [LISTENING, WAITING])).toEqual(["listening", "waiting", "links"]);
  });
});

import type { WatchedEvent } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { announcement, filteredEvents } from "./event-filter.ts";

const line = (id: number, level: WatchedEvent["level"], kind: string, text: string): WatchedEvent => ({
  id,
  time: id,
  level,
  kind,
  text,
});

const EVENTS = [
  line(1, "info", "worker", "Atlas joined"),
  line(2, "warning", "worker", "Atlas fell silent"),
  line(3, "info", "epoch", "Epoch 1 is over"),
  line(4, "error", "error", "The disk is full"),
  line(5, "info", "worker", "Birch joined"),
];

const idsOf = (level: "all" | "warning" | "error", words = "") =>
  filteredEvents(EVENTS, { level, words }).map(({ id }) => id);

describe("the event log", () => {
  it("shows the newest line first", () => expect(idsOf("all")).toEqual([5, 4, 3, 2, 1]));

  it("shows what went wrong", () => {
    expect(idsOf("warning")).toEqual([4, 2]);
    expect(idsOf("error")).toEqual([4]);
  });

  it("finds words in any case", () => expect(idsOf("all", " ATLAS ")).toEqual([2, 1]));

  it("has read out what is worth it, not every worker that comes", () => {
    expect(announcement(EVENTS)?.id).toBe(4);
    expect(announcement(EVENTS.slice(0, 3))?.id).toBe(3);
    expect(announcement(EVENTS.slice(0, 1))).toBeNull();
  });
});

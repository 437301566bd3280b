import { describe, expect, it } from "vitest";
import { type PresenceChannel, TabPresence } from "./tab-presence.ts";

type Listener = (event: { readonly data: unknown }) => void;

/** A browser's channel between tabs: everybody but the sender hears a message. */
class Room {
  readonly #listeners = new Map<PresenceChannel, Listener>();

  join(): PresenceChannel {
    const channel: PresenceChannel = {
      postMessage: (data) => {
        for (const [other, listener] of this.#listeners) if (other !== channel) listener({ data });
      },
      addEventListener: (_, listener) => void this.#listeners.set(channel, listener),
    };
    return channel;
  }
}

function tab(room: Room) {
  const heard: string[] = [];
  const presence = new TabPresence(room.join(), {
    onOther: (isThere) => heard.push(isThere ? "other" : "none"),
    onTakenOver: () => heard.push("taken over"),
  });
  return { presence, heard };
}

describe("tabs of one browser", () => {
  it("a new tab hears of one that takes part, and not of one that only looks", () => {
    const room = new Room();
    const [first, second, third] = [tab(room), tab(room), tab(room)];
    second.presence.ask();
    expect(second.heard).toEqual([]);
    first.presence.setActive(true);
    third.presence.ask();
    expect(third.presence.others).toBe(true);
    expect(second.heard).toEqual(["other", "other"]);
  });

  it("hears when the other stops, unless there is a third", () => {
    const room = new Room();
    const [first, second, third] = [tab(room), tab(room), tab(room)];
    first.presence.setActive(true);
    second.presence.setActive(true);
    first.presence.setActive(false);
    expect(third.presence.others).toBe(true);
    second.presence.setActive(false);
    expect(third.presence.others).toBe(false);
  });

  it("one that takes over stops the one that takes part, and no other", () => {
    const room = new Room();
    const [first, second, third] = [tab(room), tab(room), tab(room)];
    first.presence.setActive(true);
    second.presence.takeOver();
    expect(first.heard).toContain("taken over");
    expect(third.heard).not.toContain("taken over");
  });

  it("passes over what is none of its messages", () => {
    const room = new Room();
    const stranger = room.join();
    const { heard } = tab(room);
    for (const data of [null, "who", { type: "evil" }, {}]) stranger.postMessage(data);
    expect(heard).toEqual([]);
  });
});

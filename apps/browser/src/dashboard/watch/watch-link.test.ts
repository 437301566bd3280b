import { describe, expect, it } from "vitest";
import type { LinkState } from "../state/dashboard-state.ts";
import { someSnapshot } from "../testing/watched-figures.ts";
import { WatchLink, type WatchSocket } from "./watch-link.ts";

interface FakeSocket extends WatchSocket {
  readonly sent: string[];
  readonly subprotocols: readonly string[];
}

function linked(token: string | null = null, status: number | null = null) {
  const sockets: FakeSocket[] = [];
  const states: LinkState[] = [];
  const waits: { callback: () => void; milliseconds: number }[] = [];
  const news: string[] = [];
  const followed: number[] = [];
  const link = new WatchLink({
    token,
    askStatus: () => Promise.resolve(status),
    open: (subprotocols) => {
      const sent: string[] = [];
      const socket = {
        onopen: null,
        onmessage: null,
        onclose: null,
        sent,
        subprotocols,
        send: (text: string) => void sent.push(text),
        close: () => {},
      };
      sockets.push(socket);
      return socket;
    },
    later: (callback, milliseconds) => void waits.push({ callback, milliseconds }),
    random: () => 0.5,
    onLink: (state) => void states.push(state),
    onNews: (message) => void news.push(message.type),
    onActivations: (message) => void followed.push(message.request),
  });
  const say = (message: object) => sockets.at(-1)?.onmessage?.({ data: JSON.stringify(message) });
  return { link, sockets, states, waits, news, followed, say };
}

/** One that is open and has had its first message. */
function opened() {
  const made = linked();
  made.link.connect();
  made.sockets[0]?.onopen?.();
  made.say(someSnapshot(0));
  return made;
}

describe("the link to the coordinator", () => {
  it("offers the token beside its subprotocol, never in the address", () => {
    const { link, sockets } = linked("secret");
    link.connect();
    expect(sockets[0]?.subprotocols).toEqual(["tributary-watch.v1", "t.secret"]);
  });

  it("connects once, however often it is told to", () => {
    const { link, sockets, states } = linked();
    link.connect();
    link.connect();
    expect(sockets.length).toBe(1);
    expect(states).toEqual([{ state: "connecting" }]);
  });

  it("gives questions numbers, and each its own answer", async () => {
    const { link, sockets, say } = opened();
    const first = link.ask({ type: "sample", index: 7 });
    const second = link.ask({ type: "command", command: { command: "pause" } });
    expect(sockets[0]?.sent.map((text) => JSON.parse(text))).toEqual([
      { type: "sample", index: 7, request: 1 },
      { type: "command", command: { command: "pause" }, request: 2 },
    ]);
    say({ type: "done", request: 2 });
    say({ type: "failed", request: 1, code: "BAD_INPUT", message: "There is no sample 7" });
    expect((await second).type).toBe("done");
    expect(await first).toMatchObject({ type: "failed", message: "There is no sample 7" });
  });

  it("hands on the activations of what is followed now, and of nothing before", () => {
    const { link, say, followed } = opened();
    void link.ask({ type: "follow", source: { sample: 1 } });
    void link.ask({ type: "follow", source: { sample: 2 } });
    for (const request of [1, 2, 2])
      say({ type: "activations", request, step: 1, sample: 1, layers: [], probabilities: null });
    expect(followed).toEqual([2, 2]);
  });

  it("answers what is open when the connection breaks, and what is asked without one", async () => {
    const { link, sockets } = opened();
    const open = link.ask({ type: "sample", index: 1 });
    sockets[0]?.onclose?.({ code: 1006 });
    expect(await open).toMatchObject({ type: "failed", message: "The connection was lost" });
    expect(await link.ask({ type: "sample", index: 1 })).toMatchObject({ type: "failed" });
  });

  it("tries again after random, growing times, and from the start once the coordinator has spoken", () => {
    const { link, sockets, waits, say } = linked();
    link.connect();
    for (let attempt = 0; attempt < 3; attempt++) {
      sockets.at(-1)?.onclose?.({ code: 1006 });
      waits.at(-1)?.callback();
    }
    // Half of the bounds 500, 1000, 2000 ms.
    expect(waits.map(({ milliseconds }) => milliseconds)).toEqual([250, 500, 1000]);
    sockets.at(-1)?.onopen?.();
    say(someSnapshot(0));
    sockets.at(-1)?.onclose?.({ code: 1012 });
    expect(waits.at(-1)?.milliseconds).toBe(250);
    expect(sockets.length).toBe(4);
  });

  it("says that it is lost, and whether it ever was there", () => {
    const { sockets, states } = opened();
    sockets[0]?.onclose?.({ code: 1001 });
    expect(states.at(-1)).toEqual({ state: "lost", attempts: 1, retryMilliseconds: 250, everOpen: true });
  });

  it("does not connect twice when it is told to while it waits", () => {
    const { link, sockets, waits } = opened();
    sockets[0]?.onclose?.({ code: 1006 });
    link.connect();
    waits.at(-1)?.callback();
    expect(sockets.length).toBe(2);
  });

  it("ends with a token that the coordinator does not know", () => {
    const { sockets, states, waits } = opened();
    sockets[0]?.onclose?.({ code: 4001 });
    expect(states.at(-1)).toMatchObject({ state: "ended", reason: expect.stringContaining("token") });
    expect(waits).toEqual([]);
  });

  it.each([
    [null, "takes a token"],
    ["of yesterday", "does not know the token"],
  ])("ends when it is refused for its token (%s), and says what to open", async (token, words) => {
    const { link, sockets, states, waits } = linked(token, 401);
    link.connect();
    sockets[0]?.onclose?.({ code: 1006 });
    await Promise.resolve();
    expect(states.at(-1)).toMatchObject({ state: "ended", reason: expect.stringContaining(words) });
    waits.at(-1)?.callback();
    expect(sockets.length).toBe(1);
  });

  it("tries again where the token is right and the coordinator has no room", async () => {
    const { link, sockets, states, waits } = linked("right", 426);
    link.connect();
    sockets[0]?.onclose?.({ code: 1006 });
    await Promise.resolve();
    expect(states.at(-1)).toMatchObject({ state: "lost" });
    waits.at(-1)?.callback();
    expect(sockets.length).toBe(2);
  });

  it("ends, and says so, when it hears what no coordinator says", () => {
    const { states, say } = opened();
    say({ type: "surprise" });
    expect(states.at(-1)).toMatchObject({ state: "ended" });
  });

  it("stays at its end when the socket that it closed then closes, or says one thing more", () => {
    const { sockets, states, waits, news, say } = opened();
    say({ type: "surprise" });
    const ended = states.length;
    say(someSnapshot(1));
    sockets[0]?.onclose?.({ code: 1000 });
    expect([states.length, waits, news]).toEqual([ended, [], ["snapshot"]]);
  });

  it("waits its time after the latest failure, whatever was waited for before", () => {
    const { link, sockets, waits } = opened();
    sockets[0]?.onclose?.({ code: 1006 });
    link.connect();
    sockets[1]?.onclose?.({ code: 1006 });
    waits[0]?.callback();
    expect(sockets.length).toBe(2);
    waits[1]?.callback();
    expect(sockets.length).toBe(3);
  });

  it("keeps at most 32 questions open, and says no to a further one", async () => {
    const { link, sockets } = opened();
    for (let index = 0; index < 32; index++) void link.ask({ type: "sample", index });
    expect(await link.ask({ type: "sample", index: 32 })).toMatchObject({ type: "failed", request: 33 });
    expect(sockets[0]?.sent).toHaveLength(32);
  });
});

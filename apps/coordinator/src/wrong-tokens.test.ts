import { describe, expect, it } from "vitest";
import { WrongTokens } from "./wrong-tokens.ts";

/** With a clock of its own: time passes when the test says so. */
function bench() {
  let nowMs = 0;
  let told = 0;
  const timers = new Map<() => void, number>();
  const answered: string[] = [];
  const cut: string[] = [];
  const tokens = new WrongTokens({
    now: () => nowMs,
    after: (milliseconds, callback) => {
      timers.set(callback, nowMs + milliseconds);
      return () => timers.delete(callback);
    },
    onMany: () => {
      told += 1;
    },
  });
  const send = (address: string, times = 1) => {
    for (let time = 0; time < times; time += 1) {
      tokens.refuse(address, { answer: () => answered.push(address), cut: () => cut.push(address) });
    }
  };
  const pass = (milliseconds: number) => {
    nowMs += milliseconds;
    for (const [callback, dueMs] of [...timers]) {
      if (dueMs > nowMs) continue;
      timers.delete(callback);
      callback();
    }
  };
  return { tokens, send, pass, answered, cut, timers, told: () => told };
}

describe("wrong tokens", () => {
  it("[security] 32 of one address are refused at once, the next two seconds later; another address is not slowed", () => {
    const { send, pass, answered } = bench();
    send("a", 33);
    send("b");
    expect(answered).toEqual([...new Array(32).fill("a"), "b"]);
    pass(1_999);
    expect(answered).toHaveLength(33);
    pass(1);
    expect(answered).toHaveLength(34);
  });

  it("[security] after a rest, one every two seconds is refused at once again", () => {
    const { send, pass, answered } = bench();
    send("a", 32);
    pass(4_000);
    send("a", 3);
    expect(answered).toHaveLength(34);
  });

  it("[security] of answers that wait there are 64 at a time: further connections are cut off", () => {
    const { send, pass, answered, cut } = bench();
    send("a", 32 + 64 + 5);
    expect([answered.length, cut.length]).toEqual([32, 5]);
    pass(2_000);
    expect(answered).toHaveLength(32 + 64);
  });

  it("[security] the one who started the run is told once a minute, not for each", () => {
    const { send, pass, told } = bench();
    send("a", 32);
    expect(told()).toBe(0);
    send("a", 10);
    expect(told()).toBe(1);
    pass(59_999);
    send("a", 64);
    expect(told()).toBe(1);
    pass(1);
    send("a", 10);
    expect(told()).toBe(2);
  });

  it("leave no timer behind", () => {
    const { tokens, send, cut, timers } = bench();
    send("a", 34);
    expect(timers.size).toBe(2);
    tokens.dispose();
    expect([timers.size, cut.length]).toEqual([0, 2]);
  });
});

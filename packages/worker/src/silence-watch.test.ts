import { CLOSE_CODES } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { join, leaseOf, PARAMETERS, RUN, settle, start } from "./testing/session-bench.ts";
import { SlowComputation } from "./testing/slow-computation.ts";

describe("a connection over which nothing comes", () => {
  it("[E2] silence closes the connection, after a second look; pings keep it", async () => {
    const { coordinator, clock } = await join();
    for (let minute = 0; minute < 8; minute++) {
      clock.advance(7_500);
      coordinator.ping();
    }
    expect(coordinator.closedWith).toEqual([]);
    clock.advance(15_000);
    expect(coordinator.closedWith).toEqual([]);
    clock.advance(7_500);
    expect(coordinator.closedWith).toEqual([CLOSE_CODES.abnormal.code]);
  });

  it("[E2] takes a connection that was silent for too long for broken when it is told that the network is back", async () => {
    const { coordinator, clock, session } = await join();
    clock.advance(RUN.welcome.heartbeat.lostAfterMilliseconds - 1);
    session.retryNow();
    await settle();
    expect(coordinator.closedWith).toEqual([]);
    clock.advance(1);
    session.retryNow();
    await settle();
    expect(coordinator.closedWith).toEqual([CLOSE_CODES.abnormal.code]);
    session.retryNow();
    expect(await coordinator.hear("hello")).toMatchObject({ resume: "w1" });
  });

  it("[E2] asks whether the coordinator is there when a connection without pings is silent, and believes a no", async () => {
    let isThere = true;
    let asked = 0;
    const ask = () => {
      asked += 1;
      return Promise.resolve(isThere);
    };
    const { coordinator, clock } = await start({ isThere: ask }, (fake) => {
      fake.seesPings = false;
    });
    await coordinator.hear("hello");
    coordinator.say(RUN.welcome);
    const pass = async (looks: number) => {
      for (let look = 0; look < looks; look++) {
        clock.advance(RUN.welcome.heartbeat.lostAfterMilliseconds / 2);
        await settle();
      }
    };
    // Silent at the second look; the third asks, and so does each one after it.
    await pass(2);
    expect(asked).toBe(0);
    await pass(2);
    expect([asked, coordinator.closedWith]).toEqual([2, []]);
    isThere = false;
    await pass(1);
    expect([asked, coordinator.closedWith]).toEqual([3, [CLOSE_CODES.abnormal.code]]);
    await pass(4);
    expect(asked).toBe(3);
  });

  it("[E2] does not doubt a connection for which it computes", async () => {
    const computation = new SlowComputation();
    const { coordinator, clock, session } = await start({ computation }, (fake) => {
      fake.seesPings = false;
    });
    await coordinator.hear("hello");
    coordinator.say(RUN.welcome);
    coordinator.sayParameters(0, PARAMETERS);
    await coordinator.hear("ready");
    coordinator.say(leaseOf(1));
    await settle();
    clock.advance(10 * RUN.welcome.heartbeat.lostAfterMilliseconds);
    session.retryNow();
    await settle();
    expect(coordinator.closedWith).toEqual([]);
  });
});

import type { RunEvent } from "@tributary/program";
import { traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { findChromium } from "./browser-tabs.ts";
import { type PagedCoordinator, startWithPages, untilEvent } from "./coordinated.ts";
import { type FreezableTab, FreezingChromium } from "./freezing-chromium.ts";

const chromium = findChromium("tests of tabs that are frozen");
const IS_STARTABLE = `document.querySelector('main[data-state="consent"] button[type=submit]') !== null`;
const HAS_CONTRIBUTED = `document.querySelector('main[data-state="training"]')?.dataset.contributions > 0`;
const PRESS_START = "document.querySelector('button[type=submit]').click()";

interface Joined {
  readonly browser: FreezingChromium;
  readonly coordinator: PagedCoordinator;
  readonly tab: FreezableTab;
}

/** A tab that takes part. */
async function joined(): Promise<Joined> {
  const coordinator = await startWithPages({ run: await traceRun(small), token: "to_ken-1" });
  const browser = await FreezingChromium.launch(chromium ?? "");
  const tab = await browser.open(coordinator.joinUrl);
  await browser.until(tab, IS_STARTABLE);
  await browser.evaluate(tab, PRESS_START);
  await browser.until(tab, HAS_CONTRIBUTED);
  return { browser, coordinator, tab };
}

const isState =
  (...states: readonly string[]) =>
  (event: RunEvent) =>
    event.event === "worker" && states.includes(event.state);

/** How often a worker joined. */
function joins(events: readonly RunEvent[]): number {
  return events.filter(isState("joined")).length;
}

describe.skipIf(chromium === undefined)("a tab that the browser puts to sleep", () => {
  it("is out of the run at once when it is frozen, and in again when it goes on", async () => {
    const { browser, coordinator, tab } = await joined();
    const from = coordinator.events.length;
    await browser.open("about:blank");
    await browser.until(tab, `document.visibilityState === "hidden"`);
    await browser.setFrozen(tab, true);
    // The coordinator's pings would be answered for as long as the tab is frozen: what it hears is that the socket closed.
    await untilEvent(coordinator, isState("left", "lost"), from);
    expect(joins(coordinator.events.slice(from))).toBe(0);
    await browser.setFrozen(tab, false);
    await browser.show(tab);
    await untilEvent(coordinator, isState("joined"), from);
    await browser.until(tab, HAS_CONTRIBUTED);
    expect(joins(coordinator.events.slice(from))).toBe(1);
  });

  it("is out of the run when its page is left, and in again when it is come back to", async () => {
    const { browser, coordinator, tab } = await joined();
    const from = coordinator.events.length;
    await browser.navigate(tab, `${coordinator.url}/runs`);
    await untilEvent(coordinator, isState("left", "lost"), from);
    await browser.until(tab, `document.body.textContent.includes("small")`);
    await browser.evaluate(tab, "history.back()");
    await untilEvent(coordinator, isState("joined"), from);
    await browser.until(tab, HAS_CONTRIBUTED);
    expect(joins(coordinator.events.slice(from))).toBe(1);
  });
});

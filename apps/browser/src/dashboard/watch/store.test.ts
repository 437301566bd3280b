import { describe, expect, it } from "vitest";
import { DashboardStore } from "./store.ts";

function store() {
  const frames: (() => void)[] = [];
  const page = { hidden: false };
  const made = new DashboardStore({
    request: (callback) => void frames.push(callback),
    get hidden() {
      return page.hidden;
    },
  });
  let drawn = 0;
  made.listen(() => {
    drawn += 1;
  });
  const event = { type: "link", link: { state: "open" } } as const;
  return { made, frames, page, event, drawn: () => drawn };
}

describe("the store", () => {
  it("tells of many events at once, with the next frame", () => {
    const { made, frames, event, drawn } = store();
    for (let index = 0; index < 100; index++) made.dispatch(event);
    expect([frames.length, drawn()]).toEqual([1, 0]);
    frames[0]?.();
    expect(drawn()).toBe(1);
    made.dispatch(event);
    expect(frames.length).toBe(2);
  });

  it("draws nothing while the page is hidden, but takes everything in", () => {
    const { made, frames, page, event, drawn } = store();
    page.hidden = true;
    made.dispatch(event);
    expect(frames).toEqual([]);
    expect(made.state.link).toEqual({ state: "open" });
    page.hidden = false;
    made.refresh();
    frames[0]?.();
    expect(drawn()).toBe(1);
  });
});

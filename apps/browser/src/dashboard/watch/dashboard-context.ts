import type { WatchActivations } from "@tributary/protocol";
import { createContext } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { DashboardState, WatchedState } from "../state/dashboard-state.ts";
import type { DashboardStore } from "./store.ts";
import type { WatchLink } from "./watch-link.ts";

/** What every part of the page can reach. */
export interface Dashboard {
  readonly store: DashboardStore;
  readonly link: WatchLink;
  /** Hears the activations of the followed sample. @returns what ends it */
  onActivations(listener: (message: WatchActivations) => void): () => void;
}

/** Set once, around the whole page. */
export const DashboardContext = createContext<Dashboard | null>(null);

/** What the page is built around. @throws Error outside of it */
export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext);
  if (dashboard === null) throw new Error("A part of the dashboard stands outside of its context");
  return dashboard;
}

/** A part of the state; the component is drawn again when that part is another one. `select` must not make new objects. */
export function useSlice<Slice>(select: (state: DashboardState) => Slice): Slice {
  const { store } = useDashboard();
  const [, setVersion] = useState(0);
  const slice = select(store.state);
  const drawn = useRef({ select, slice });
  drawn.current = { select, slice };
  useLayoutEffect(
    () =>
      store.listen(() => {
        const { select: read, slice: before } = drawn.current;
        if (!Object.is(read(store.state), before)) setVersion((version) => version + 1);
      }),
    [store],
  );
  return slice;
}

/** A part of what is shown of the run. @throws Error before the first message */
export function useWatched<Slice>(select: (watched: WatchedState) => Slice): Slice {
  return useSlice(({ watched }) => {
    if (watched === null)
      throw new Error("A part of the dashboard that shows a run stands there before the first message");
    return select(watched);
  });
}

/** Whether questions can be asked at the moment. */
export function useIsOpen(): boolean {
  return useSlice((state) => state.link.state === "open");
}

/** What a class is called: by its name where the run's data has names, otherwise by its number. */
export function useClassName(): (index: number) => string {
  const names = useWatched((watched) => watched.run.classNames);
  return (index) => names?.[index] ?? index.toString();
}

import { type DashboardState, INITIAL_STATE } from "../state/dashboard-state.ts";
import { type DashboardEvent, reduce } from "../state/reducer.ts";

/** When the store may tell those who show it: once a frame, and never while nobody can see the page. */
export interface FrameSource {
  /** Calls back before the next picture is drawn. */
  request(callback: () => void): void;
  readonly hidden: boolean;
}

/** The page's state. Events are reduced at once; those who listen hear of them at most once a frame. */
export class DashboardStore {
  #state: DashboardState = INITIAL_STATE;
  #waiting = false;
  readonly #frames: FrameSource;
  readonly #listeners = new Set<() => void>();

  constructor(frames: FrameSource) {
    this.#frames = frames;
  }

  get state(): DashboardState {
    return this.#state;
  }

  dispatch(event: DashboardEvent): void {
    this.#state = reduce(this.#state, event);
    this.refresh();
  }

  /** Tells everybody with the next frame; to be called as well when a hidden page is seen again. */
  refresh(): void {
    if (this.#waiting || this.#frames.hidden) return;
    this.#waiting = true;
    this.#frames.request(() => {
      this.#waiting = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /** @returns what ends it */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

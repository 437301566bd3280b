/** What tabs of one browser tell each other. */
type PresenceMessage =
  /** Who takes part? */
  | { readonly type: "who" }
  /** I do. */
  | { readonly type: "here" }
  /** I do not any more. */
  | { readonly type: "gone" }
  /** I do from now on, and nobody else. */
  | { readonly type: "takeOver" };

/** The part of BroadcastChannel that is used. */
export interface PresenceChannel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/** What happens among the tabs. */
export interface PresenceHandlers {
  /** Whether another tab takes part. */
  onOther(isThere: boolean): void;
  /** Another tab takes part instead of this one, which is to stop. */
  onTakenOver(): void;
}

/** Knows whether another tab of this browser takes part. Tabs that are gone or asleep do not answer, and do not count. */
export class TabPresence {
  readonly #channel: PresenceChannel;
  #isActive = false;
  #others = false;

  constructor(channel: PresenceChannel, handlers: PresenceHandlers) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => {
      if (isPresenceMessage(data)) this.#onMessage(data, handlers);
    });
  }

  /** Whether another tab said that it takes part. */
  get others(): boolean {
    return this.#others;
  }

  /** Asks the others; who takes part answers, at once but not right now. */
  ask(): void {
    this.#say({ type: "who" });
  }

  /** Tells the others whether this tab takes part. */
  setActive(isActive: boolean): void {
    if (this.#isActive === isActive) return;
    this.#isActive = isActive;
    this.#say({ type: isActive ? "here" : "gone" });
  }

  /** Makes the others stop. */
  takeOver(): void {
    this.#say({ type: "takeOver" });
  }

  #onMessage(message: PresenceMessage, { onOther, onTakenOver }: PresenceHandlers): void {
    switch (message.type) {
      case "who":
        if (this.#isActive) this.#say({ type: "here" });
        break;
      case "here":
        this.#others = true;
        onOther(true);
        break;
      case "gone":
        this.#others = false;
        onOther(false);
        // There may be a third one, which then says so.
        this.ask();
        break;
      case "takeOver":
        if (this.#isActive) onTakenOver();
        break;
      default:
        message satisfies never;
    }
  }

  #say(message: PresenceMessage): void {
    this.#channel.postMessage(message);
  }
}

function isPresenceMessage(data: unknown): data is PresenceMessage {
  if (typeof data !== "object" || data === null || !("type" in data)) return false;
  return data.type === "who" || data.type === "here" || data.type === "gone" || data.type === "takeOver";
}

import { threadUrl } from "../thread-policy.ts";
import threadAddress from "../training-thread/main.ts?worker&url";
import type { ThreadMessage } from "../training-thread/messages.ts";
import type { JoinChoices, JoinSurroundings, StartThread } from "./join-controller.ts";
import { parseJoinLink } from "./join-link.ts";
import { parseRuns, type RunDescription } from "./run-description.ts";
import { TabStorage } from "./tab-storage.ts";
import { suggestName } from "./worker-name.ts";

/** Milliseconds after which a coordinator that does not describe its run counts as silent. */
const DESCRIBE_MILLISECONDS = 10_000;

/** Name of the channel between the tabs of one coordinator's pages. */
const CHANNEL_NAME = "tributary-join";

const startThread: StartThread = (onMessage, onLost) => {
  const thread = new Worker(threadUrl(threadAddress), { type: "module", name: "training-thread" });
  thread.onmessage = ({ data }: MessageEvent<ThreadMessage>) => onMessage(data);
  thread.onerror = (event) => {
    event.preventDefault();
    onLost(event.message ?? "its script did not load");
  };
  return thread;
};

async function describe(runsUrl: string): Promise<RunDescription | null> {
  try {
    const signal = AbortSignal.timeout(DESCRIBE_MILLISECONDS);
    const response = await fetch(runsUrl, { cache: "no-store", signal });
    return response.ok ? parseRuns(await response.json()) : null;
  } catch {
    return null;
  }
}

/** The part of a browser's battery (https://www.w3.org/TR/battery-status/) that is used; Chromium has it. */
interface Battery {
  readonly charging: boolean;
  addEventListener(type: "chargingchange", listener: () => void): void;
}

function watchBattery(onChange: (isOnBattery: boolean) => void): void {
  const surroundings: object & { getBattery?(): Promise<Battery> } = navigator;
  const watch = async () => {
    const battery = await surroundings.getBattery?.();
    if (battery === undefined) return;
    const tell = () => onChange(!battery.charging);
    battery.addEventListener("chargingchange", tell);
    if (!battery.charging) tell();
  };
  // Browsers that keep it to themselves are as good as those without.
  watch().catch(() => {});
}

/** Whether this page was in this tab before: loaded again, or come back to. */
function isReload(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && (entry.type === "reload" || entry.type === "back_forward");
}

/** What a real page in a real browser lives in. */
export function browserSurroundings(): JoinSurroundings {
  const link = parseJoinLink(location);
  // Not every browser has what the library of types promises, and none has it on an address that is no secure context.
  const { gpu, wakeLock }: { readonly gpu?: GPU; readonly wakeLock?: WakeLock } = navigator;
  return {
    link,
    isSecureContext,
    gpu,
    wakeLock,
    storage: new TabStorage(
      () => sessionStorage,
      () => localStorage,
    ),
    channel: new BroadcastChannel(CHANNEL_NAME),
    watchBattery,
    startThread,
    describe: () => describe(link.runsUrl),
    isReload: isReload(),
    now: () => performance.now(),
    after: (milliseconds, callback) => void setTimeout(callback, milliseconds),
  };
}

/** What is chosen before a person chooses: a remembered name, all of the GPU, and all threads but one for the page itself. */
export function firstChoices({ link, storage }: JoinSurroundings): JoinChoices {
  const threads = Math.max(1, threadsMax() - 1);
  const name = storage.name ?? suggestName(navigator.userAgent, Math.random());
  return { name, backend: link.backend, cap: { share: 1, threads } };
}

/** Compute threads that the processor has room for. */
export function threadsMax(): number {
  return Math.max(1, navigator.hardwareConcurrency ?? 1);
}

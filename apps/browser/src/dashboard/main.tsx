import { WATCH_PATH, type WatchActivations } from "@tributary/protocol";
import { mount } from "../ui/mount.ts";
import { DashboardPage } from "./dashboard-page.tsx";
import { DashboardContext } from "./watch/dashboard-context.ts";
import { linkToken, takeLinkToken } from "./watch/link-token.ts";
import { DashboardStore } from "./watch/store.ts";
import { WatchLink, type WatchSocket } from "./watch/watch-link.ts";

/** Milliseconds after which a coordinator that does not answer counts as gone; it takes its time to refuse a token. */
const STATUS_MILLISECONDS = 10_000;

/** The tab's own storage; some settings of a browser forbid even to look at it. */
function tabStorage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

function openSocket(subprotocols: string[]): WatchSocket {
  const url = new URL(WATCH_PATH, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  const socket = new WebSocket(url, subprotocols);
  const watch: WatchSocket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  };
  socket.onopen = () => watch.onopen?.();
  socket.onmessage = ({ data }) => watch.onmessage?.({ data });
  socket.onclose = ({ code }) => watch.onclose?.({ code });
  return watch;
}

const token = takeLinkToken({
  hash: location.hash,
  storage: tabStorage(),
  clearHash: () => history.replaceState(null, "", location.pathname + location.search),
});

async function askStatus(): Promise<number | null> {
  try {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(STATUS_MILLISECONDS);
    return (await fetch(WATCH_PATH, { headers, cache: "no-store", signal })).status;
  } catch {
    return null;
  }
}

const store = new DashboardStore({
  request: (callback) => void requestAnimationFrame(callback),
  get hidden() {
    return document.hidden;
  },
});

const listeners = new Set<(message: WatchActivations) => void>();

const link = new WatchLink({
  open: openSocket,
  token,
  askStatus,
  later: (callback, milliseconds) => void setTimeout(callback, milliseconds),
  random: Math.random,
  onLink: (state) => store.dispatch({ type: "link", link: state }),
  onNews: (message) => store.dispatch({ type: "message", message }),
  onActivations: (message) => {
    for (const listener of listeners) listener(message);
  },
});

// A page that is seen again shows at once what it took in meanwhile, and does not sit out a long wait.
document.addEventListener("visibilitychange", () => {
  store.refresh();
  if (!document.hidden) link.connect();
});
addEventListener("online", () => link.connect());
// The link with the admin token, pasted where the page is already: browsers load nothing again for another fragment.
addEventListener("hashchange", () => {
  if (linkToken(location.hash) !== null) location.reload();
});

const onActivations = (listener: (message: WatchActivations) => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

mount(
  <DashboardContext.Provider value={{ store, link, onActivations }}>
    <DashboardPage />
  </DashboardContext.Provider>,
);
link.connect();

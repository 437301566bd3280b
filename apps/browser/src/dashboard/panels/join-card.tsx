import { useMemo, useRef, useState } from "preact/hooks";
import { qrPath } from "../pictures/qr-path.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { counted } from "../words/figures.ts";
import { Panel } from "./panel.tsx";

/** How another device joins. */
export function JoinCard() {
  const run = useWatched((watched) => watched.run);
  const isOver = useWatched((watched) => watched.progress.state === "finished");
  const isLocal = isLoopback(run.joinUrl);
  if (isOver) {
    return (
      <Panel id="join" title="Add a device">
        <p class="empty">The run is over: nobody can join any more.</p>
      </Panel>
    );
  }
  return (
    <Panel id="join" title="Add a device">
      <div class="join">
        <QrCode text={run.joinUrl} />
        <div class="join-words">
          <p>Open this link on any device with a browser. Its GPU, or its processor, takes a share of the training.</p>
          <JoinLink url={run.joinUrl} />
          {isLocal ? (
            <p class="small warn">
              This link works on this machine alone. Start with <code>--lan</code> for phones and other computers.
            </p>
          ) : null}
        </div>
      </div>
      <details class="small">
        <summary>What the device will do</summary>
        <ul class="plain">
          <li>
            Fetch a description of the model ({counted(run.parameters, "parameter")}) and its share of{" "}
            {counted(run.trainSamples, "sample")}: data, never code of this run.
          </li>
          <li>Compute gradients and send them here. Nothing else on the device is read or sent.</li>
          <li>
            Use power, and some data volume, until the tab is closed, paused or the run is over. Its share of the GPU
            can be capped.
          </li>
        </ul>
      </details>
    </Panel>
  );
}

function QrCode({ text }: { readonly text: string }) {
  const { side, path } = useMemo(() => qrPath(text), [text]);
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label="QR code of the join link"
      shape-rendering="crispEdges"
    >
      <rect width={side} height={side} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}

function JoinLink({ url }: { readonly url: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      setWords("Copied.");
    } catch {
      // Without a secure context, or without leave, there is no clipboard: the person can still copy what is selected.
      field.current?.select();
      setWords("Selected: copy it with the keyboard.");
    }
  };
  return (
    <div class="join-link">
      <label class="visually-hidden" for="join-url">
        Join link
      </label>
      <input
        id="join-url"
        ref={field}
        class="tool"
        type="text"
        readOnly
        value={url}
        onFocus={(event) => event.currentTarget.select()}
      />
      <button type="button" class="tool primary" onClick={() => void copy()}>
        Copy
      </button>
      <a class="tool" href={safeHref(url)} target="_blank" rel="noreferrer">
        Open
      </a>
      <span class="small" role="status">
        {words}
      </span>
    </div>
  );
}

/** Only pages: a link is never anything that runs. */
function safeHref(url: string): string {
  return /^https?:\/\//i.test(url) ? url : "#join";
}

function isLoopback(url: string): boolean {
  return /^https?:\/\/(127\.|localhost[:/]|\[::1\])/i.test(url);
}

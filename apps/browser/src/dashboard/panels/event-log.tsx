import { useEffect, useState } from "preact/hooks";
import { announcement, type EventFilter, filteredEvents } from "../state/event-filter.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { Panel } from "./panel.tsx";

/** Milliseconds between two announcements: a reader of the page is not talked over. */
const ANNOUNCE_MILLISECONDS = 5_000;

const LEVELS: Readonly<Record<EventFilter["level"], string>> = {
  all: "Everything",
  warning: "Warnings and errors",
  error: "Errors",
};

/** What happened, newest first. */
export function EventLog() {
  const events = useWatched((watched) => watched.events);
  const [filter, setFilter] = useState<EventFilter>({ level: "all", words: "" });
  const shown = filteredEvents(events, filter);
  const tools = (
    <>
      <label class="tool-field">
        <span class="visually-hidden">Show of the event log</span>
        <select
          class="tool"
          value={filter.level}
          onChange={(event) => {
            const level = event.currentTarget.value;
            if (level === "all" || level === "warning" || level === "error") setFilter({ ...filter, level });
          }}
        >
          {Object.entries(LEVELS).map(([level, label]) => (
            <option key={level} value={level}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="tool-field">
        <span class="visually-hidden">Words to find in the event log</span>
        <input
          class="tool find"
          type="search"
          placeholder="Find"
          value={filter.words}
          onInput={(event) => setFilter({ ...filter, words: event.currentTarget.value })}
        />
      </label>
    </>
  );
  return (
    <Panel id="events" title="Events" tools={tools}>
      {shown.length === 0 ? (
        <p class="empty">{events.length === 0 ? "Nothing has happened yet." : "No line is like that."}</p>
      ) : (
        // A region that scrolls must be reachable with the keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
        <ol class="events" tabIndex={0} aria-label="Events, newest first">
          {shown.map((line) => (
            <li key={line.id} class={`event event-${line.level}`}>
              <time class="number muted" dateTime={new Date(line.time).toISOString()}>
                {timeOfDay(line.time)}
              </time>
              <span class="event-kind">{line.level === "info" ? line.kind : line.level}</span>
              <span class="event-text">{line.text}</span>
            </li>
          ))}
        </ol>
      )}
      <Announcer />
    </Panel>
  );
}

/** Says the newest line of note, politely and not too often. */
function Announcer() {
  const line = useWatched((watched) => announcement(watched.events));
  const [said, setSaid] = useState("");
  const text = line?.text ?? "";
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), ANNOUNCE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="visually-hidden" role="status">
      {said}
    </p>
  );
}

function timeOfDay(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => part.toString().padStart(2, "0"))
    .join(":");
}

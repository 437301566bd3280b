import { useState } from "preact/hooks";
import { isThere, sortedWorkers, type WorkerSort, type WorkerSortKey } from "../state/worker-order.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { Panel } from "./panel.tsx";
import { WorkerRow } from "./worker-row.tsx";

/** What stands in the place of the table. */
const NOBODY = "Nobody takes part yet. Open the join link on any device, or run npx tributary join with it.";

/** Rows shown before somebody asks for all; where they are cards, fewer. */
const ROWS_FIRST = 8;
const CARDS_FIRST = 4;

/** Rows beyond which the list scrolls by itself: what stands below on the page stays in reach. */
const ROWS_FREE = 24;
/** A region that scrolls must be reachable with the keyboard, and have a name then. */
const SCROLLING = { class: "workers-all", tabIndex: 0, role: "region", "aria-label": "All workers" } as const;

interface Column {
  readonly key: WorkerSortKey;
  readonly label: string;
  /** Which way the first press sorts: numbers begin with the largest. */
  readonly first: WorkerSort["direction"];
}

const COLUMNS: readonly Column[] = [
  { key: "name", label: "Worker", first: "ascending" },
  { key: "state", label: "State", first: "ascending" },
  { key: "device", label: "Computes on", first: "ascending" },
  { key: "rate", label: "Samples/s", first: "descending" },
  { key: "roundTrip", label: "Round trip", first: "descending" },
  { key: "traffic", label: "Received, sent", first: "descending" },
  { key: "lag", label: "Steps behind", first: "descending" },
  { key: "work", label: "Accepted, rejected, late", first: "descending" },
  { key: "seen", label: "Last sign", first: "descending" },
];

/** Who takes part: a table, which is a list of cards where there is little room. */
export function Workers() {
  const workers = useWatched((watched) => watched.workers);
  const colours = useWatched((watched) => watched.colours);
  const [sort, setSort] = useState<WorkerSort>({ key: "name", direction: "ascending" });
  const [showsAll, setShowsAll] = useState(false);
  const isOver = useWatched((watched) => watched.progress.state === "finished");
  const there = workers.filter(isThere).length;
  const gone = workers.length - there;
  const sorted = sortedWorkers(workers, sort);
  const first = matchMedia("(max-width: 40rem)").matches ? CARDS_FIRST : ROWS_FIRST;
  const shown = showsAll ? sorted : sorted.filter(isThere).slice(0, first);
  const title = there === 0 ? "Workers" : `Workers (${there})`;
  return (
    <Panel
      id="workers"
      title={title}
      tools={workers.length === 0 ? undefined : <SortChoice sort={sort} onSort={setSort} />}
    >
      {workers.length === 0 ? (
        <p class="empty">{isOver ? "The run is over: everybody has been sent home." : NOBODY}</p>
      ) : (
        <div {...(showsAll && shown.length > ROWS_FREE ? SCROLLING : {})}>
          <table class="workers number">
            <thead>
              <tr>
                {COLUMNS.map((column) => (
                  <ColumnHead key={column.key} column={column} sort={sort} onSort={setSort} />
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((worker) => (
                <WorkerRow key={worker.id} worker={worker} slot={colours.indexOf(worker.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <MoreWorkers
        hidden={workers.length - shown.length}
        gone={gone}
        showsAll={showsAll}
        onToggle={() => setShowsAll(!showsAll)}
      />
    </Panel>
  );
}

interface MoreWorkersProps {
  readonly hidden: number;
  readonly gone: number;
  readonly showsAll: boolean;
  readonly onToggle: () => void;
}

function MoreWorkers({ hidden, gone, showsAll, onToggle }: MoreWorkersProps) {
  if (hidden === 0 && !showsAll) return null;
  const label = gone === 0 ? `Show ${hidden} more` : `Show ${hidden} more, ${gone} of them gone`;
  return (
    <button type="button" class="tool more-workers" aria-expanded={showsAll} onClick={onToggle}>
      {showsAll ? "Show fewer" : label}
    </button>
  );
}

interface SortProps {
  readonly sort: WorkerSort;
  readonly onSort: (sort: WorkerSort) => void;
}

/** For the cards, which have no heads of columns to press. */
function SortChoice({ sort, onSort }: SortProps) {
  const choose = (key: string) => {
    const column = COLUMNS.find((candidate) => candidate.key === key);
    if (column !== undefined) onSort({ key: column.key, direction: column.first });
  };
  return (
    <label class="tool-field worker-sort">
      Sort by
      <select class="tool" value={sort.key} onChange={(event) => choose(event.currentTarget.value)}>
        {COLUMNS.map(({ key, label }) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ColumnHeadProps extends SortProps {
  readonly column: Column;
}

function ColumnHead({ column: { key, label, first }, sort, onSort }: ColumnHeadProps) {
  const isSorted = sort.key === key;
  const other = sort.direction === "ascending" ? "descending" : "ascending";
  return (
    <th scope="col" class={`column-${key}`} aria-sort={isSorted ? sort.direction : undefined}>
      <button type="button" class="sort" onClick={() => onSort({ key, direction: isSorted ? other : first })}>
        {label}
        <span class="sort-mark" aria-hidden="true">
          {isSorted ? (sort.direction === "ascending" ? "▲" : "▼") : ""}
        </span>
      </button>
    </th>
  );
}

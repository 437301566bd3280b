import { stalenessRows } from "../state/staleness-rows.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { percent, wholeNumber } from "../words/figures.ts";
import { Panel } from "./panel.tsx";

/** How many steps old the gradients were when they came. */
export function Staleness() {
  const rows = stalenessRows(useWatched((watched) => watched.staleness));
  const most = Math.max(...rows.map((row) => row.share), 0);
  return (
    <Panel id="staleness" title="Staleness of gradients">
      {most === 0 ? (
        <p class="empty">No gradient has come yet.</p>
      ) : (
        <table class="bars number">
          <thead class="visually-hidden">
            <tr>
              <th scope="col">Steps behind</th>
              <th scope="col">Gradients</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.label}>
                <th scope="row">
                  {row.label === "0"
                    ? "of the open step"
                    : `${row.label} ${row.label === "1" ? "step" : "steps"} behind`}
                  <span class="bar" aria-hidden="true">
                    <span class="bar-fill" style={{ width: `${(100 * row.share) / most}%` }} />
                  </span>
                </th>
                <td>
                  {wholeNumber(row.count)}{" "}
                  <span class="muted">{percent(row.share, row.share > 0 && row.share < 0.1 ? 1 : 0)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

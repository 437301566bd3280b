import { useWatched } from "../watch/dashboard-context.ts";
import { bytes, percent } from "../words/figures.ts";
import { Panel } from "./panel.tsx";

/** Bytes by codec, and what coding saves. */
export function Traffic() {
  const traffic = useWatched((watched) => watched.traffic);
  const most = traffic.reduce((largest, row) => Math.max(largest, row.uncodedBytesIn, row.bytesOut), 0);
  const bar = (count: number) => ({ width: `${most === 0 ? 0 : (100 * count) / most}%` });
  return (
    <Panel id="traffic" title="Bytes by codec">
      {traffic.length === 0 ? (
        <p class="empty">No gradient has come yet.</p>
      ) : (
        <table class="bars number">
          <thead class="visually-hidden">
            <tr>
              <th scope="col">Codec and direction</th>
              <th scope="col">Bytes</th>
            </tr>
          </thead>
          {traffic.map((row) => (
            <tbody key={row.codec}>
              {row.bytesIn === 0 ? null : (
                <tr>
                  <th scope="row">
                    Gradients, {row.codec}
                    <span class="bar" aria-hidden="true">
                      <span class="bar-ghost" style={bar(row.uncodedBytesIn)} />
                      <span class="bar-fill" style={bar(row.bytesIn)} />
                    </span>
                  </th>
                  <td>
                    {bytes(row.bytesIn)}
                    <span class="muted saving">{savingWords(row.bytesIn, row.uncodedBytesIn)}</span>
                  </td>
                </tr>
              )}
              {row.bytesOut === 0 ? null : (
                <tr>
                  <th scope="row">
                    Parameters, {row.codec}
                    <span class="bar" aria-hidden="true">
                      <span class="bar-fill bar-out" style={bar(row.bytesOut)} />
                    </span>
                  </th>
                  <td>{bytes(row.bytesOut)}</td>
                </tr>
              )}
            </tbody>
          ))}
        </table>
      )}
    </Panel>
  );
}

function savingWords(coded: number, uncoded: number): string {
  if (uncoded === 0 || coded >= uncoded) return "";
  return `${percent(1 - coded / uncoded, 0)} below float32`;
}

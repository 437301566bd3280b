import { useClassName, useWatched } from "../watch/dashboard-context.ts";
import { percent } from "../words/figures.ts";

/** Classes shown at most: the likeliest ones, in the order of the classes. */
const CLASSES_MAX = 12;

/** Props of {@link ProbabilityBars}. */
export interface ProbabilityBarsProps {
  /** One a class, adding up to 1. */
  readonly probabilities: readonly number[];
  /** The class it is; null where that is not known. */
  readonly label: number | null;
}

/** What a sample is taken for: a bar a class. */
export function ProbabilityBars({ probabilities, label }: ProbabilityBarsProps) {
  const nameOf = useClassName();
  const isNamed = useWatched((watched) => watched.run.classNames !== null);
  const byRank = probabilities.map((share, index) => ({ share, index })).toSorted((a, b) => b.share - a.share);
  const best = byRank[0]?.index;
  const shown = byRank.slice(0, CLASSES_MAX).toSorted((a, b) => a.index - b.index);
  return (
    <table class={isNamed ? "probabilities probabilities-named number" : "probabilities number"}>
      <caption class="visually-hidden">Probability of each class</caption>
      <tbody>
        {shown.map(({ share, index }) => (
          <tr key={index} class={index === best ? "best" : ""}>
            <th scope="row">
              <span class="class-name" title={nameOf(index)}>
                {nameOf(index)}
              </span>
              {index === label ? <span class="visually-hidden"> (the right one)</span> : null}
            </th>
            <td class="probability-bar" aria-hidden="true">
              <span class={index === label ? "bar-right" : ""} style={{ width: `${100 * share}%` }} />
            </td>
            <td>{percent(share, share > 0.0995 ? 0 : 1)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

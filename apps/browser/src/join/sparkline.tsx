import { countWords } from "./estimates.ts";

const WIDTH = 300;
const HEIGHT = 48;

/** A small curve of the last values, from 0 up to the largest; its text says the latest and the largest. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const largest = Math.max(1, ...values);
  const points = values.map((value, index) => {
    const x = (index * WIDTH) / Math.max(1, values.length - 1);
    return `${x.toFixed(1)},${(HEIGHT - 2 - ((HEIGHT - 4) * value) / largest).toFixed(1)}`;
  });
  const text = `${label}: now ${Math.round(values.at(-1) ?? 0)}, at most ${Math.round(Math.max(0, ...values))}`;
  return (
    <figure class="curve">
      <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text} preserveAspectRatio="none">
        <polyline points={points.join(" ")} fill="none" vector-effect="non-scaling-stroke" />
      </svg>
      <figcaption class="muted small number" aria-hidden="true">
        <span>{label}</span> <span>at most {countWords(Math.max(0, ...values))}</span>
      </figcaption>
    </figure>
  );
}

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** Charts that show the same cursor. */
export const CURSOR_GROUP = "curves";

const AXIS_FONT = "12px system-ui, sans-serif";

/** What a chart is, its size aside. */
export type ChartOptions = Omit<uPlot.Options, "width" | "height">;

/** Props of {@link Chart}. */
export interface ChartProps {
  /** Makes the options; another function makes another chart, so it should stay the same while they do. */
  readonly options: () => ChartOptions;
  readonly data: uPlot.AlignedData;
  /** CSS pixels at least; where its place is higher, the chart fills it. */
  readonly height: number;
  /** What is to be seen, for those who do not see it. */
  readonly label: string;
}

/** The value of a custom property of the page, which is another one in the dark. */
export function themeColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** An axis with the page's colours and letters. */
export function themedAxis(axis: uPlot.Axis): uPlot.Axis {
  return {
    stroke: () => themeColour("--text-muted"),
    grid: { stroke: () => themeColour("--grid"), width: 1 },
    ticks: { show: false },
    font: AXIS_FONT,
    gap: 4,
    ...axis,
  };
}

/** What an axis counts, below its numbers. */
export function axisLabel(label: string): Pick<uPlot.Axis, "label" | "labelSize" | "labelGap" | "labelFont"> {
  return { label, labelSize: 18, labelGap: 0, labelFont: AXIS_FONT };
}

/** A line chart that follows the width of its place and the colour scheme. */
export function Chart({ options, data, height, label }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const target = place.current;
    if (target === null) return undefined;
    const size = () => ({ width: Math.max(1, target.offsetWidth), height: Math.max(1, target.offsetHeight) });
    const drawn = new uPlot({ ...options(), ...size() }, latest.current, target);
    chart.current = drawn;
    const sizes = new ResizeObserver(() => {
      const { width, height: tall } = size();
      if (width > 1 && (width !== drawn.width || tall !== drawn.height)) drawn.setSize({ width, height: tall });
    });
    sizes.observe(target);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const onScheme = () => drawn.redraw(false, true);
    scheme.addEventListener("change", onScheme);
    return () => {
      scheme.removeEventListener("change", onScheme);
      sizes.disconnect();
      drawn.destroy();
      chart.current = null;
    };
  }, [options]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div class="chart" ref={place} role="img" aria-label={label} style={{ minHeight: `${height}px` }} />;
}

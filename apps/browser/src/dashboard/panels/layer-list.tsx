import type { LayerActivation, WatchedLayer } from "@tributary/protocol";
import { useMemo, useRef } from "preact/hooks";
import { base64Length } from "../pictures/base64.ts";
import { layerWords, layoutSize, shownWords, tileLayout, tilePixels } from "../pictures/layer-tiles.ts";
import { PixelCanvas } from "../pictures/pixel-canvas.tsx";
import { useWatched } from "../watch/dashboard-context.ts";
import { useWidth } from "../watch/visibility.ts";
import { figure } from "../words/figures.ts";

/** Layers that are shown without scrolling. */
const LAYERS_WHOLE = 16;
/** A region that scrolls must be reachable with the keyboard, and have a name then. */
const SCROLLABLE = { tabIndex: 0, "aria-label": "Layers" };

/** Pictures of the layers' outputs, in the order in which they run. */
export function LayerList({ layers }: { readonly layers: readonly LayerActivation[] }) {
  const list = useRef<HTMLOListElement>(null);
  const width = useWidth(list);
  const known = useWatched((watched) => watched.run.layers);
  const isLong = layers.length > LAYERS_WHOLE;
  return (
    <ol class={isLong ? "layers layers-long" : "layers"} ref={list} {...(isLong ? SCROLLABLE : {})}>
      {layers.map((layer) => (
        <LayerItem key={layer.path} layer={layer} known={known.find((one) => one.path === layer.path)} width={width} />
      ))}
    </ol>
  );
}

interface LayerItemProps {
  readonly layer: LayerActivation;
  readonly known: WatchedLayer | undefined;
  /** CSS pixels there are. */
  readonly width: number;
}

function LayerItem({ layer, known, width }: LayerItemProps) {
  const shape = layer.shape.join(" × ");
  const words = layerWords(layer, figure);
  const { pixels, layout, size } = useMemo(() => {
    const chosen = tileLayout(layer.shape, width, base64Length(layer.values));
    return { pixels: tilePixels(layer, chosen), layout: chosen, size: layoutSize(chosen) };
  }, [layer, width]);
  return (
    <li class={`layer layer-${layout.kind}`}>
      <p class="layer-name small">
        <b>{known?.kind ?? layer.path}</b>{" "}
        <span class="muted number">
          {shape} {shownWords(layer.shape, layout)}
        </span>
        <span class="muted number layer-range">
          {figure(layer.minimum)} … {figure(layer.maximum)}
        </span>
      </p>
      {width === 0 ? null : (
        <PixelCanvas
          pixels={pixels}
          width={size.width}
          height={size.height}
          zoom={layout.zoom}
          label={`${known?.kind ?? layer.path}: ${words}`}
        />
      )}
    </li>
  );
}

import { useEffect, useRef } from "preact/hooks";

/** Props of {@link PixelCanvas}. */
export interface PixelCanvasProps {
  /** Red, green, blue, opacity of width x height pixels. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** CSS pixels that one of them is shown as; absent where the style sheet says how large the picture is. */
  readonly zoom?: number;
  readonly label: string;
}

/** A small picture whose pixels can be seen. */
export function PixelCanvas({ pixels, width, height, zoom, label }: PixelCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (width < 1 || height < 1 || pixels.length !== 4 * width * height) return;
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [pixels, width, height]);
  const style = zoom === undefined ? undefined : { width: `${width * zoom}px`, height: `${height * zoom}px` };
  return (
    <canvas
      ref={canvas}
      class="pixels"
      width={width}
      height={height}
      role="img"
      aria-label={label}
      {...(style === undefined ? {} : { style })}
    />
  );
}

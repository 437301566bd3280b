import { useEffect, useRef } from "preact/hooks";
import type { GreyPicture } from "../pictures/centred-digit.ts";

/** Pixels of the pad: ten for each of MNIST's. */
const PAD_SIDE = 280;
/** Of a stroke, in pixels of the pad: about what a pen leaves in MNIST's digits. */
const PEN_WIDTH = 22;

/** Props of {@link DrawPad}. */
export interface DrawPadProps {
  /** A picture to begin with; null: paper. Another one clears the pad. */
  readonly shown: GreyPicture | null;
  /** Whether nothing is drawn: the pad is cleared when it becomes so. */
  readonly isEmpty: boolean;
  /** Hears of the drawing after each stroke, and a few times while one is made. */
  readonly onDrawn: (drawing: GreyPicture | null) => void;
}

/** A pad to draw on with a finger, a pen or the mouse. */
export function DrawPad({ shown, isEmpty, onDrawn }: DrawPadProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = useRef<{ x: number; y: number } | null>(null);
  const waiting = useRef(false);
  useEffect(() => {
    const context = contextOf(canvas.current);
    if (context === null || (shown === null && !isEmpty)) return;
    context.clearRect(0, 0, PAD_SIDE, PAD_SIDE);
    if (shown !== null) drawPicture(context, shown);
  }, [shown, isEmpty]);
  const tell = () => {
    if (waiting.current) return;
    waiting.current = true;
    requestAnimationFrame(() => {
      waiting.current = false;
      onDrawn(pictureOf(contextOf(canvas.current)));
    });
  };
  const placeOf = (event: PointerEvent) => {
    const scale = PAD_SIDE / (canvas.current?.offsetWidth || PAD_SIDE);
    return { x: event.offsetX * scale, y: event.offsetY * scale };
  };
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.current?.setPointerCapture(event.pointerId);
    pen.current = placeOf(event);
    drawLine(contextOf(canvas.current), pen.current, pen.current);
  };
  const onMove = (event: PointerEvent) => {
    if (pen.current === null) return;
    const to = placeOf(event);
    drawLine(contextOf(canvas.current), pen.current, to);
    pen.current = to;
    tell();
  };
  const onEnd = () => {
    if (pen.current === null) return;
    pen.current = null;
    tell();
  };
  return (
    <canvas
      ref={canvas}
      class="draw-pad"
      width={PAD_SIDE}
      height={PAD_SIDE}
      role="img"
      aria-label="A pad to draw a digit on. Without a pointer, choose a test sample below."
      onPointerDown={onDown}
      onPointerMove={onMove}
      onPointerUp={onEnd}
      onPointerCancel={onEnd}
    />
  );
}

function contextOf(canvas: HTMLCanvasElement | null): CanvasRenderingContext2D | null {
  return canvas?.getContext("2d", { willReadFrequently: true }) ?? null;
}

function drawLine(
  context: CanvasRenderingContext2D | null,
  from: { x: number; y: number },
  to: { x: number; y: number },
): void {
  if (context === null) return;
  context.strokeStyle = "#ffffff";
  context.lineWidth = PEN_WIDTH;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

/** Ink is the opacity of what was drawn. */
function pictureOf(context: CanvasRenderingContext2D | null): GreyPicture | null {
  if (context === null) return null;
  const { data } = context.getImageData(0, 0, PAD_SIDE, PAD_SIDE);
  const ink = Uint8Array.from({ length: PAD_SIDE * PAD_SIDE }, (_, at) => data[4 * at + 3] ?? 0);
  return ink.some((value) => value > 0) ? { width: PAD_SIDE, height: PAD_SIDE, ink } : null;
}

function drawPicture(context: CanvasRenderingContext2D, { width, height, ink }: GreyPicture): void {
  const [wide, tall] = [PAD_SIDE / width, PAD_SIDE / height];
  ink.forEach((value, at) => {
    if (value === 0) return;
    context.fillStyle = `rgb(255 255 255 / ${value / 255})`;
    context.fillRect((at % width) * wide, Math.floor(at / width) * tall, wide, tall);
  });
}

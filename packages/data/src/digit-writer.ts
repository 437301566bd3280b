import { DIGIT_PIXELS, DIGIT_SIDE, drawPieceInto } from "./digit-canvas.ts";
import { DIGIT_SKELETONS, type Skeleton, type Stroke } from "./digit-skeletons.ts";
import { type RandomKey, RandomStream } from "./random.ts";

/**
 * How much the writing varies. Chosen so that a linear model cannot follow (below 93% of unseen digits) and a small
 * convolutional network can (above 98%); lengths are in pixels unless said otherwise.
 */
const VARIATION = {
  /** Height of a digit. */
  height: [16, 22],
  /** Width over height. */
  aspect: [0.55, 0.95],
  /** Pixels to the right per pixel upwards. */
  slant: [-0.2, 0.45],
  /** Tangent of half the angle of rotation: 0.13 is 15 degrees. */
  halfRotation: [-0.13, 0.13],
  /** Displacement of the centre from the middle of the image. */
  shift: [-2.2, 2.2],
  /** Half width of the pen. */
  radius: [0.6, 1.7],
  /** Half width at a stroke's end over that at its beginning. */
  taper: [0.7, 1.3],
  /** Displacement of each point of the skeleton, in its box of side 1. */
  jitter: 0.05,
  /** Displacement of the knots of the smooth field that bends the whole digit. */
  bend: 1.4,
  /** Brightness of full ink. */
  brightness: [180, 255],
  /** Largest addition to, or subtraction from, a pixel. */
  noise: [0, 28],
  /** Chance that the pen leaves the paper once, and for which part of a stroke. */
  breakChance: 0.15,
  breakPart: [0.06, 0.14],
} as const;

/** Straight pieces between two points of a skeleton. */
const PIECES_PER_SPAN = 5;
/** Knots of the bending field on each side; it reaches over the image in BEND_KNOTS - 3 spans. */
const BEND_KNOTS = 6;

type Range = readonly [number, number];

/** Draws one digit after the other into the same scratch memory. */
export class DigitWriter {
  private readonly random = new RandomStream([0, 0]);
  private readonly ink = new Float64Array(DIGIT_PIXELS);
  /** Displacements of the knots, x and y in turn. */
  private readonly bend = new Float64Array(BEND_KNOTS * BEND_KNOTS * 2);
  /** x, y of the points of the stroke in hand. */
  private points = new Float64Array(64);
  private readonly spot = new Float64Array(2);

  /** @param target DIGIT_PIXELS bytes from `offset` on are written */
  writeInto(target: Uint8Array, offset: number, label: number, key: RandomKey): void {
    this.random.restart(key[0], key[1]);
    this.ink.fill(0);
    const skeletons = DIGIT_SKELETONS[label] ?? [];
    const skeleton = skeletons[this.random.below(skeletons.length)] ?? [];
    this.drawSkeleton(skeleton);
    this.developInto(target, offset);
  }

  private draw(range: Range): number {
    return this.random.between(range[0], range[1]);
  }

  private drawSkeleton(skeleton: Skeleton): void {
    const place = this.drawPlacement();
    for (let i = 0; i < this.bend.length; i += 1) this.bend[i] = this.random.between(-VARIATION.bend, VARIATION.bend);
    const radius = this.draw(VARIATION.radius);
    const broken = this.random.between(0, 1) < VARIATION.breakChance ? this.random.below(skeleton.length) : -1;
    skeleton.forEach((stroke, i) => {
      this.placeStroke(stroke, place);
      this.drawStroke(stroke.length / 2, radius, i === broken);
    });
  }

  /** The affine map from the skeleton's box to pixels. */
  private drawPlacement(): Placement {
    const height = this.draw(VARIATION.height);
    const width = height * this.draw(VARIATION.aspect);
    const slant = this.draw(VARIATION.slant);
    // Half-angle formulas give a rotation without a sine.
    const t = this.draw(VARIATION.halfRotation);
    const cosine = (1 - t * t) / (1 + t * t);
    const sine = (2 * t) / (1 + t * t);
    const middle = DIGIT_SIDE / 2;
    return {
      xx: cosine * width,
      xy: -cosine * slant * height - sine * height,
      yx: sine * width,
      yy: cosine * height - sine * slant * height,
      x: middle + this.draw(VARIATION.shift),
      y: middle + this.draw(VARIATION.shift),
    };
  }

  /** Fills `points` with a stroke's points in pixels: jittered, placed and bent. */
  private placeStroke(stroke: Stroke, place: Placement): void {
    if (this.points.length < stroke.length) this.points = new Float64Array(stroke.length);
    const { jitter } = VARIATION;
    for (let i = 0; i < stroke.length; i += 2) {
      const isCorner = i > 0 && stroke[i] === stroke[i - 2] && stroke[i + 1] === stroke[i - 1];
      if (isCorner) {
        this.points[i] = this.points[i - 2] ?? 0;
        this.points[i + 1] = this.points[i - 1] ?? 0;
        continue;
      }
      const u = (stroke[i] ?? 0) - 0.5 + this.random.between(-jitter, jitter);
      const v = (stroke[i + 1] ?? 0) - 0.5 + this.random.between(-jitter, jitter);
      this.points[i] = place.x + place.xx * u + place.xy * v;
      this.points[i + 1] = place.y + place.yx * u + place.yy * v;
    }
  }

  /** Draws the curve through the first `count` points. */
  private drawStroke(count: number, radius: number, broken: boolean): void {
    const spans = count - 1;
    const taper = this.draw(VARIATION.taper);
    const breakStart = broken ? this.random.between(0.1, 0.8) : 2;
    const breakEnd = breakStart + (broken ? this.draw(VARIATION.breakPart) : 0);
    const pieces = spans * PIECES_PER_SPAN;
    this.curvePoint(0, 0, count);
    let [x0, y0] = this.spot;
    let radius0 = radius;
    for (let piece = 1; piece <= pieces; piece += 1) {
      const span = Math.floor((piece - 1) / PIECES_PER_SPAN);
      this.curvePoint(span, (piece - span * PIECES_PER_SPAN) / PIECES_PER_SPAN, count);
      const [x1, y1] = this.spot;
      const part = piece / pieces;
      const radius1 = radius * (1 + (taper - 1) * part);
      if (part < breakStart || part > breakEnd) {
        drawPieceInto(this.ink, { x0: x0 ?? 0, y0: y0 ?? 0, radius0, x1: x1 ?? 0, y1: y1 ?? 0, radius1 });
      }
      x0 = x1;
      y0 = y1;
      radius0 = radius1;
    }
  }

  /**
   * The bent curve at part t of a span, into `spot`. The curve is a uniform Catmull-Rom spline (Catmull and Rom 1974), which
   * passes through its points; beyond a corner or an end, the neighbour is the mirror image of the point on the other side.
   */
  private curvePoint(span: number, t: number, count: number): void {
    const { points } = this;
    for (let axis = 0; axis < 2; axis += 1) {
      const b = points[span * 2 + axis] ?? 0;
      const c = points[span * 2 + 2 + axis] ?? 0;
      const a = this.isJoined(span - 1, count) ? (points[span * 2 - 2 + axis] ?? 0) : 2 * b - c;
      const d = this.isJoined(span + 1, count) ? (points[span * 2 + 4 + axis] ?? 0) : 2 * c - b;
      const curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      this.spot[axis] = curve;
    }
    this.bendSpot();
  }

  /** Whether a span exists and is no corner. */
  private isJoined(span: number, count: number): boolean {
    if (span < 0 || span >= count - 1) return false;
    const { points } = this;
    const i = span * 2;
    return points[i] !== points[i + 2] || points[i + 1] !== points[i + 3];
  }

  /** Moves `spot` by the smooth random field: a uniform cubic B-spline over the image (de Boor 1978). */
  private bendSpot(): void {
    const spans = BEND_KNOTS - 3;
    const u = Math.max(0, Math.min(spans - 1e-9, ((this.spot[0] ?? 0) / DIGIT_SIDE) * spans));
    const v = Math.max(0, Math.min(spans - 1e-9, ((this.spot[1] ?? 0) / DIGIT_SIDE) * spans));
    const column = Math.floor(u);
    const row = Math.floor(v);
    let moveX = 0;
    let moveY = 0;
    for (let j = 0; j < 4; j += 1) {
      const weightY = splineWeight(j, v - row);
      for (let i = 0; i < 4; i += 1) {
        const weight = weightY * splineWeight(i, u - column);
        const knot = ((row + j) * BEND_KNOTS + column + i) * 2;
        moveX += weight * (this.bend[knot] ?? 0);
        moveY += weight * (this.bend[knot + 1] ?? 0);
      }
    }
    this.spot[0] = (this.spot[0] ?? 0) + moveX;
    this.spot[1] = (this.spot[1] ?? 0) + moveY;
  }

  /** Turns ink into bytes: brightness, and noise of four pixels a random word. */
  private developInto(target: Uint8Array, offset: number): void {
    const brightness = this.draw(VARIATION.brightness);
    const noise = this.draw(VARIATION.noise) / 127.5;
    let word = 0;
    for (let pixel = 0; pixel < DIGIT_PIXELS; pixel += 1) {
      word = pixel % 4 === 0 ? this.random.word() : word >>> 8;
      const value = brightness * (this.ink[pixel] ?? 0) + noise * ((word & 255) - 127.5);
      target[offset + pixel] = Math.floor(Math.max(0, Math.min(255, value + 0.5)));
    }
  }
}

interface Placement {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly x: number;
  readonly y: number;
}

/** Weight of knot 0 to 3 of a uniform cubic B-spline at part t of a span. */
function splineWeight(knot: number, t: number): number {
  const s = 1 - t;
  switch (knot) {
    case 0:
      return (s * s * s) / 6;
    case 1:
      return (3 * t * t * t - 6 * t * t + 4) / 6;
    case 2:
      return (3 * s * s * s - 6 * s * s + 4) / 6;
    default:
      return (t * t * t) / 6;
  }
}

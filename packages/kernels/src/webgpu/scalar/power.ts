import { SCALED_EXPONENTIAL } from "./exponential.ts";
import { INFINITY, IS_NAN, NAN, ORDER } from "./float-bits.ts";
import { float, polynomial, type Routine } from "./routine.ts";

/** Mantissas are looked up by their first bits. */
const INTERVALS = 32;
/** One over a mantissa is taken in 256ths: a mantissa of 24 bits times it is exact in a word. */
const FACTOR_UNITS = 256;
/** The first parts of the table's logarithms are multiples of 2^-12: with any exponent added they are exact. */
const HEAD_UNITS = 2 ** 12;

/** For each interval of mantissas: a factor near 1 / mantissa in 256ths, and -log2 of it in two parts. */
export function powerTable(): { factor: number; head: number; tail: number }[] {
  return Array.from({ length: INTERVALS }, (_, interval) => {
    // At both ends the factor is a power of 2, so that logarithms of numbers near 1 lose nothing.
    const middle = 1 + (interval + 0.5) / INTERVALS;
    const inner = Math.round(FACTOR_UNITS / middle);
    const factor = interval === 0 ? FACTOR_UNITS : interval === INTERVALS - 1 ? FACTOR_UNITS / 2 : inner;
    const logarithm = Math.log2(FACTOR_UNITS / factor);
    const head = Math.round(logarithm * HEAD_UNITS) / HEAD_UNITS;
    return { factor, head, tail: logarithm - head };
  });
}

const TABLE: Routine = {
  name: "POWER_TABLE",
  text: `const POWER_TABLE = array<vec3<f32>, ${INTERVALS}>(${powerTable()
    .map(({ factor, head, tail }) => `vec3<f32>(${float(factor)}, ${float(head)}, ${float(tail)})`)
    .join(", ")});`,
};

/** log2(e) in two parts, the first of 12 bits. */
const LOG2E_HIGH = 1.4423828125;
const LOG2E_LOW = Math.LOG2E - LOG2E_HIGH;

/** log(1 + z) = z + z^2 p(z) for |z| <= 1/32: the next term is below 2^-32 of z. */
const LOG_SERIES = [-1 / 6, 1 / 5, -1 / 4, 1 / 3, -1 / 2];

/** A number of 12 bits and, exactly, the rest. */
const HEAD: Routine = {
  name: "head_f32",
  text: `fn head_f32(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}`,
};

/**
 * log2 of a positive finite number, given by its bits, as the sum of two: the first of 12 bits, the whole right to about 2^-30 of itself. The
 * mantissa times its factor is 1 + z, exactly, by integers; log2 is the exponent, the table's value and a short series in z.
 */
const LOG2_PARTS: Routine = {
  name: "log2_parts",
  needs: [TABLE, HEAD],
  text: `fn log2_parts(bits: u32) -> vec2<f32> {
  var table = POWER_TABLE;
  let tiny = bits < 0x00800000u;
  let normal = select(bits, bitcast<u32>(f32(bits)), tiny);
  let exponent = f32(i32(normal >> 23u) - 127 - select(0, 149, tiny));
  let row = table[(normal >> 18u) & 31u];
  let z = bitcast<i32>(((normal & 0x007fffffu) | 0x00800000u) * u32(row.x) - 0x80000000u);
  let z_low = f32(z % 16384) * ${float(2 ** -31)};
  let z_high = f32(z - z % 16384) * ${float(2 ** -31)};
  let near = z_high + z_low;
  let series = near * near * ${polynomial("near", LOG_SERIES)};
  let small = fma(series, ${float(Math.LOG2E)}, fma(z_high, ${float(LOG2E_LOW)}, fma(z_low, ${float(Math.LOG2E)}, row.z)));
  let large = z_high * ${float(LOG2E_HIGH)};
  let start = exponent + row.y;
  let head = head_f32(start + (large + small));
  return vec2<f32>(head, ((start - head) + large) + small);
}`,
};

/** x^y for a positive finite x, given by its bits: 2^(y log2 x), the product in two parts as well. */
const POSITIVE_POWER: Routine = {
  name: "positive_power",
  needs: [LOG2_PARTS, HEAD, SCALED_EXPONENTIAL, ORDER],
  text: `fn positive_power(bits: u32, exponent: f32) -> f32 {
  let logarithm = log2_parts(bits);
  let y = clamp(exponent, ${float(-(2 ** 40))}, ${float(2 ** 40)});
  let y_high = head_f32(y);
  let large = y_high * logarithm.x;
  let small = fma(y - y_high, logarithm.x, y * logarithm.y);
  let sum = large + small;
  if (sum >= 128.0f) { return ${INFINITY}; }
  if (sum < -126.0f) { return 0.0f; }
  let n = floor(sum + 0.5f);
  return exp_scaled(((large - n) + small) * ${float(Math.LN2)}, n);
}`,
};

/** Whether a float32 that is not 0 (by the order of its size) is a whole number (bit 0), and an odd one (bit 1). */
const WHOLENESS: Routine = {
  name: "wholeness",
  text: `fn wholeness(size: u32) -> u32 {
  if (size >= 0x4b800000u) { return 1u; }
  if (size < 0x3f800000u) { return 0u; }
  let below = 150u - (size >> 23u);
  let digits = (size & 0x007fffffu) | 0x00800000u;
  if ((digits & ((1u << below) - 1u)) != 0u) { return 0u; }
  return 1u | (((digits >> below) & 1u) << 1u);
}`,
};

/** x^y as IEEE 754-2019 has it, within a few units in the last place; subnormal results are 0. */
export const POWER: Routine = {
  name: "power_f32",
  needs: [IS_NAN, ORDER, WHOLENESS, POSITIVE_POWER],
  text: `fn power_f32(x: f32, y: f32) -> f32 {
  let x_size = bitcast<u32>(x) & 0x7fffffffu;
  let y_size = bitcast<u32>(y) & 0x7fffffffu;
  let negative = bitcast<u32>(x) >> 31u == 1u;
  let growing = order_f32(y) > 0;
  if (y_size == 0u || (x_size == 0x3f800000u && !negative)) { return 1.0f; }
  if (nan_f32(x) || nan_f32(y)) { return ${NAN}; }
  let whole = wholeness(y_size);
  let sign = select(0u, 0x80000000u, negative && whole == 3u);
  var size = 0.0f;
  if (x_size == 0u || x_size == 0x7f800000u) {
    if ((x_size == 0u) != growing) { size = ${INFINITY}; }
  } else if (y_size == 0x7f800000u) {
    if (x_size == 0x3f800000u) {
      size = 1.0f;
    } else if ((x_size > 0x3f800000u) == growing) {
      size = ${INFINITY};
    }
  } else {
    if (negative && whole == 0u) { return ${NAN}; }
    size = positive_power(x_size, y);
  }
  return bitcast<f32>(bitcast<u32>(size) | sign);
}`,
};

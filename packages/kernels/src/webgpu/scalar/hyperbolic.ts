import { IS_NAN, ORDER } from "./float-bits.ts";
import { float, polynomial, type Routine } from "./routine.ts";

/** x p(x^2) / q(x^2) on -limit ... limit, and 1 or -1 from `saturated` on. */
interface OddRational {
  readonly name: string;
  readonly limit: number;
  readonly saturated: number;
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

function oddRational({ name, limit, saturated, numerator, denominator }: OddRational): Routine {
  return {
    name,
    needs: [IS_NAN, ORDER],
    text: `fn ${name}(x: f32) -> f32 {
  let y = clamp(x, ${float(-limit)}, ${float(limit)});
  let square = y * y;
  let p = ${polynomial("square", numerator)};
  let q = ${polynomial("square", denominator)};
  let inside = y * p / q;
  let end = bitcast<f32>((bitcast<u32>(x) & 0x80000000u) | 0x3f800000u);
  let result = select(inside, end, abs(order_f32(x)) >= order_f32(${float(saturated)}));
  return select(result, x, nan_f32(x));
}`,
  };
}

/**
 * Hyperbolic tangent, within a few units in the last place. From 8.5 on 1 is the nearer: what the approximation stays at beyond its limit
 * may be 2e-7 below, as much as 1 - tanh^2 must not show.
 * Source: the float32 coefficients of Eigen 3.3, MathFunctionsImpl.h, generic_fast_tanh_float.
 */
export const TANH: Routine = oddRational({
  name: "tanh_f32",
  limit: 7.905311107635498,
  saturated: 8.5,
  numerator: [
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
    6.37261928875436e-4, 4.89352455891786e-3,
  ],
  denominator: [1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3],
});

/** The error function, within a few units in the last place. Source: Eigen 3.3, unsupported/SpecialFunctionsImpl.h, float32. */
export const ERF: Routine = oddRational({
  name: "erf_f32",
  limit: 4,
  saturated: 4,
  numerator: [
    -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
    -2.95459980854025e-3, -1.60960333262415e-2,
  ],
  denominator: [
    -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3, -1.42647390514189e-2,
  ],
});

import { type Tensor, where } from "@tributary/autograd";

/**
 * ln(1 + x) for x > -1, exact for small x too: with u = fl(1 + x) it is ln(u) x / (u - 1), where the errors of u cancel.
 * The derivative is that of ln(1 + x). Source: Kahan, in Higham (2002), "Accuracy and Stability of Numerical Algorithms", 1.14.1.
 */
export function log1p(x: Tensor): Tensor {
  const u = x.add(1);
  const plain = u.log();
  const difference = u.sub(1);
  const lost = difference.eq(0);
  const exact = where(lost, x, plain.mul(x).div(where(lost, 1, difference)));
  // exact - plain only as a number: differentiated, it would bring the error of u back.
  return plain.add(exact.sub(plain).detach());
}

/** ln(1 + e^x). The exponential is taken of a number that is not positive, so neither it nor its derivative overflows. */
export function softplus(x: Tensor): Tensor {
  const positive = x.ge(0);
  const small = where(positive, x.neg(), x).exp();
  return where(positive, x, 0).add(log1p(small));
}

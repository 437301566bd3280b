import { iota, normal, scan, type Tensor, where, zeros } from "@tributary/autograd";
import { elementCount, type Shape } from "@tributary/program";

/** [n] as a row [1, n]. */
function row(x: Tensor): Tensor {
  return x.unsqueeze(0);
}

/** x without its parts along the rows of a basis. [n], [k, n] -> [n] */
function without(x: Tensor, basis: Tensor): Tensor {
  // Sums, not products of matrices: with a single row those pack the whole basis anew.
  const shares = basis.mul(row(x)).sum(1, { keepdim: true });
  return x.sub(basis.mul(shares).sum(0));
}

/**
 * Rows made orthogonal to those before them and given the length 1: the Q of a QR factorisation of the transpose, with the signs for
 * which the diagonal of R is positive. [k, n] -> [k, n], k at most n. By Gram-Schmidt, each row twice, after which rows are as orthogonal as
 * rounding allows. Source: Giraud, Langou and Rozloznik (2005).
 */
export function orthonormalRows(x: Tensor): Tensor {
  const [count = 0, length = 0] = x.shape;
  const places = iota([count, 1], 0);
  const { carries } = scan(
    { initial: [zeros([count, length]), zeros([], "int32")], sequences: [x] },
    ([basis, place], [next]) => {
      if (basis === undefined || place === undefined || next === undefined)
        throw new Error("orthogonal: a scan lost its values");
      const rest = without(without(next, basis), basis);
      const unit = rest.div(rest.square().sum().sqrt());
      return { carries: [where(places.eq(place), row(unit), basis), place.add(1)] };
    },
  );
  return carries[0] ?? x;
}

/**
 * A matrix [shape[0], rest] whose rows, or columns if they are fewer, have the length `gain` and are orthogonal to each other: uniformly
 * distributed among all such matrices, as PyTorch's orthogonal_. Traced, from normal numbers of the key, so that it follows the run's seed and
 * needs no place in the program. Source: Saxe, McClelland and Ganguli (2014), arXiv:1312.6120.
 */
export function orthogonalMatrix(key: Tensor, shape: Shape, gain: number): Tensor {
  const [rows = 1] = shape;
  const columns = elementCount(shape.slice(1));
  const isWide = rows <= columns;
  const vectors = orthonormalRows(normal(key, isWide ? [rows, columns] : [columns, rows])).mul(gain);
  return (isWide ? vectors : vectors.t()).reshape(shape);
}

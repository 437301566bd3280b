const SIMPLE = /^\w+$/;

/** Statements of a WGSL function as they are written, and names that are used once in it. */
export class Lines {
  readonly #lines: string[] = [];
  #count = 0;

  /** Adds statements, or the beginning or end of a block. */
  add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** A name that nothing else has. */
  name(hint: string): string {
    this.#count += 1;
    return `${hint}_${this.#count}`;
  }

  /** Declares a constant for an expression that is not just a name or a literal. @returns the name */
  let(hint: string, expression: string): string {
    if (SIMPLE.test(expression)) return expression;
    const name = this.name(hint);
    this.add(`let ${name} = ${expression};`);
    return name;
  }

  /** A block of statements behind `head`, such as a condition. */
  block(head: string, write: () => void): void {
    this.add(`${head} {`);
    write();
    this.add("}");
  }

  /** Everything that was added. */
  get text(): string {
    return this.#lines.join("\n");
  }
}

/** The sum of expressions of u32, without those that are 0. */
export function sum(...terms: readonly string[]): string {
  const rest = terms.filter((term) => term !== "0u");
  return rest.length === 0 ? "0u" : rest.join(" + ");
}

/** An expression of u32 times a number, whose product wraps. */
export function times(expression: string, factor: number): string {
  if (factor === 0 || expression === "0u") return "0u";
  return factor === 1 ? expression : `${expression} * ${factor >>> 0}u`;
}

/** Remainder by a power of two. Compilers of WGSL learn from a remainder how large an index can be, and need not check it; from bits they do not. */
export function lowBits(expression: string, modulus: number): string {
  return modulus === 1 ? "0u" : `(${expression} % ${modulus}u)`;
}

/** Quotient by a power of two. */
export function highBits(expression: string, divisor: number): string {
  return divisor === 1 ? expression : `(${expression} >> ${Math.log2(divisor)}u)`;
}

/**
 * An error of a package: `code` says for programs which one it is, and the message says for people what is wrong, why, and how to mend it.
 * Each package has a class of its own with a table of its codes; packages that import nothing (data, protocol) write theirs out.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

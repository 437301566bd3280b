/** How the command ends, for scripts. */
export const EXIT_CODES = {
  done: 0,
  failure: 1,
  wrongUsage: 2,
  invalidRunOrData: 3,
  cannotConnect: 4,
  noCheckpoint: 5,
  diverged: 6,
  interrupted: 130,
  terminated: 143,
} as const;

/** One of {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

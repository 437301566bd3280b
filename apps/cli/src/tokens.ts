import { CommandError } from "./errors.ts";
import type { Options } from "./options.ts";

/** Environment variables with the tokens: other users of a machine can read what a command is started with, but not these. */
const TOKEN_VARIABLES = { join: "TRIBUTARY_TOKEN", admin: "TRIBUTARY_ADMIN_TOKEN" } as const;

/** Variables of a process. */
export type Variables = Record<string, string | undefined>;

/** The tokens that were chosen; one that was not is drawn at random, or not asked for. */
export interface ChosenTokens {
  readonly token?: string;
  readonly adminToken?: string;
}

/** Letters of the longest token: it travels in a header of each request. */
const TOKEN_LENGTH_MAX = 128;
/** Letters of the shortest token that lets join. 36^8 guesses take years at some ten thousand a second, which is more than a coordinator answers. */
const JOIN_TOKEN_LENGTH_MIN = 8;
/** Letters of the shortest token that steers a run. */
const ADMIN_TOKEN_LENGTH_MIN = 16;
/** What needs no escape in a link (RFC 3986, 2.3) and is allowed in the name of a subprotocol (RFC 6455, 4.1). */
const TOKEN_FORM = /^[A-Za-z0-9._~-]+$/;

/**
 * The tokens of `train` and `serve`: options before variables. The variables are taken out of the environment, so that neither the run
 * file nor a process that is started from here gets them.
 * @throws CommandError USAGE, which never repeats a token
 */
export function chosenTokens(options: Options, variables: Variables): ChosenTokens {
  const join = chosen("--token", options.token, TOKEN_VARIABLES.join, variables);
  const admin = chosen("--admin-token", options.adminToken, TOKEN_VARIABLES.admin, variables);
  checkToken(join, JOIN_TOKEN_LENGTH_MIN, remedyOf(JOIN_TOKEN_LENGTH_MIN));
  checkToken(admin, ADMIN_TOKEN_LENGTH_MIN, remedyOf(ADMIN_TOKEN_LENGTH_MIN));
  if (join !== null && join.token === admin?.token) {
    throw new CommandError(
      "USAGE",
      `${admin.from} and ${join.from} are the same, so that whoever joins could stop the run`,
      "Give two different ones",
    );
  }
  return {
    ...(join === null ? {} : { token: join.token }),
    ...(admin === null ? {} : { adminToken: admin.token }),
  };
}

/**
 * The token that `join` shows: the option's, the link's, or the variable's.
 * @param linked the link's; null: it has none
 * @throws CommandError USAGE, which never repeats the token
 */
export function joiningToken(options: Options, linked: string | null, variables: Variables): string | null {
  const given = chosen("--token", options.token, TOKEN_VARIABLES.join, variables);
  const inLink = linked === null ? null : { from: "The link's token", token: linked };
  const shown = options.token === undefined ? (inLink ?? given) : given;
  checkToken(shown, 1, "Copy it, or the whole link, as the coordinator printed it");
  return shown?.token ?? null;
}

/** A token, and what it was given by. */
interface GivenToken {
  readonly from: string;
  readonly token: string;
}

function chosen(option: string, value: string | undefined, variable: string, variables: Variables): GivenToken | null {
  const inVariable = variables[variable];
  Reflect.deleteProperty(variables, variable);
  if (value !== undefined) return { from: option, token: value };
  return inVariable === undefined || inVariable === "" ? null : { from: variable, token: inVariable };
}

function remedyOf(lengthMin: number): string {
  return `Give ${lengthMin} to ${TOKEN_LENGTH_MAX} letters of A-Z, a-z, 0-9 and . _ ~ -; openssl rand -hex 16 makes such a token`;
}

function checkToken(given: GivenToken | null, lengthMin: number, remedy: string): void {
  if (given === null) return;
  const { from, token } = given;
  if (!TOKEN_FORM.test(token)) {
    throw new CommandError("USAGE", `${from} has a letter that a link cannot carry as it is`, remedy);
  }
  if (token.length < lengthMin || token.length > TOKEN_LENGTH_MAX) {
    throw new CommandError("USAGE", `${from} has ${token.length} letters`, remedy);
  }
}

import { describe, expect, it } from "vitest";
import { refusal } from "./testing/refusal.ts";
import { chosenTokens, joiningToken } from "./tokens.ts";

const NONE = { lan: false, open: false, json: false, quiet: false, help: false };
const ADMIN = "0123456789abcdef";

describe("tokens of train and serve", () => {
  it("options come before variables, and without both there is none", () => {
    expect(chosenTokens(NONE, {})).toEqual({});
    expect(chosenTokens(NONE, { TRIBUTARY_TOKEN: "class-7b", TRIBUTARY_ADMIN_TOKEN: ADMIN })).toEqual({
      token: "class-7b",
      adminToken: ADMIN,
    });
    const options = { ...NONE, token: "class-7a", adminToken: `${ADMIN}~` };
    expect(chosenTokens(options, { TRIBUTARY_TOKEN: "class-7b", TRIBUTARY_ADMIN_TOKEN: ADMIN })).toEqual({
      token: "class-7a",
      adminToken: `${ADMIN}~`,
    });
    expect(chosenTokens(NONE, { TRIBUTARY_TOKEN: "" })).toEqual({});
  });

  it("variables are taken out of the environment, used or not", () => {
    const variables = { TRIBUTARY_TOKEN: "b", TRIBUTARY_ADMIN_TOKEN: ADMIN, PATH: "/bin" };
    chosenTokens({ ...NONE, token: "class-7a" }, variables);
    expect(variables).toEqual({ PATH: "/bin" });
  });

  it.each([
    ["15 letters", ADMIN.slice(1), "--admin-token has 15 letters"],
    ["129 letters", "a".repeat(129), "--admin-token has 129 letters"],
    ["a blank", "correct horse battery", "--admin-token has a letter that a link cannot carry as it is"],
    ["a sign of links", "0123456789abcdef&x=1", "--admin-token has a letter that a link cannot carry as it is"],
  ])("an admin token with %s is refused with a way to mend it, and not repeated", (_, adminToken, message) => {
    const error = refusal(() => chosenTokens({ ...NONE, adminToken }, {}));
    expect([error.code, error.exitCode, error.message]).toEqual(["USAGE", 2, message]);
    expect(error.remedy).toMatch(/^Give 16 to 128 letters .*openssl rand -hex 16/);
    expect(error.message + error.remedy).not.toContain(adminToken);
  });

  it("a token for joining that could be guessed is refused", () => {
    const error = refusal(() => chosenTokens({ ...NONE, token: "maths-7" }, {}));
    expect([error.code, error.message]).toEqual(["USAGE", "--token has 7 letters"]);
    expect(error.remedy).toMatch(/^Give 8 to 128 letters /);
  });

  it("names the variable where the token came from there", () => {
    expect(refusal(() => chosenTokens(NONE, { TRIBUTARY_ADMIN_TOKEN: "short" })).message).toBe(
      "TRIBUTARY_ADMIN_TOKEN has 5 letters",
    );
  });

  it("one token for both would let whoever joins stop the run", () => {
    const error = refusal(() => chosenTokens({ ...NONE, token: ADMIN, adminToken: ADMIN }, {}));
    expect(error.message).toMatch(/^--admin-token and --token are the same/);
  });
});

describe("the token that join shows", () => {
  it("is the option's, else the link's, else the variable's", () => {
    const variables = () => ({ TRIBUTARY_TOKEN: "variable" });
    expect(joiningToken({ ...NONE, token: "option" }, "link", variables())).toBe("option");
    expect(joiningToken(NONE, "link", variables())).toBe("link");
    expect(joiningToken(NONE, null, variables())).toBe("variable");
    expect(joiningToken(NONE, null, {})).toBeNull();
  });

  it("cannot be one that no coordinator takes", () => {
    expect(refusal(() => joiningToken(NONE, "a b", {})).message).toMatch(/^The link's token has a letter/);
    expect(refusal(() => joiningToken({ ...NONE, token: "a,b" }, null, {})).message).toMatch(/^--token has a letter/);
  });
});

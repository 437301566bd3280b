/** The name that the pages' content security policy allows: `trusted-types tributary-threads`. */
const POLICY_NAME = "tributary-threads";

/** The part of Trusted Types that is needed here; not every engine has it, and not every library of types. */
interface TrustedTypePolicies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** A file of the build, on the server that the page came from, and nothing else. */
function ownScript(url: string): string {
  const { origin, pathname } = new URL(url, location.href);
  if (origin !== location.origin || !pathname.startsWith("/assets/")) {
    throw new TypeError(`${url} is no script of this page: threads are started from ${location.origin}/assets/ alone`);
  }
  return url;
}

let createScriptUrl: ((url: string) => string) | null = null;

/** Lets `url` start a thread: the one place where a script's address is allowed. @throws TypeError for a script from elsewhere */
export function threadUrl(url: string): string {
  if (createScriptUrl === null) {
    const policies: TrustedTypePolicies | undefined = Reflect.get(globalThis, "trustedTypes");
    const policy = policies?.createPolicy(POLICY_NAME, { createScriptURL: ownScript });
    createScriptUrl = policy === undefined ? ownScript : (address) => policy.createScriptURL(address);
  }
  return createScriptUrl(url);
}

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/**
 * Shows a page in the browser that the system opens pages with; where there is none, nothing happens. The address may hold a secret:
 * other users of a machine can read what a command is started with, so the browser is given a file that only this user can read.
 * @returns takes the file away
 */
export async function openInBrowser(url: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-open-"));
  const file = join(folder, "dashboard.html");
  await writeFile(file, redirectTo(url), { mode: 0o600 });
  const [command, ...rest] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...rest, pathToFileURL(file).href], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
  return () => rm(folder, { recursive: true, force: true });
}

/** A page that leads on to another at once. @param url of characters that an attribute may hold, as URLs written by `URL` have */
function redirectTo(url: string): string {
  const { href } = new URL(url);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${href}"><title>Tributary</title></head>
<body><a href="${href}">The dashboard</a></body></html>
`;
}

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Finding, ok, warning } from "./finding.ts";

/** Where the build of apps/browser puts the join page and the dashboard. */
const PAGES_FOLDER = fileURLToPath(new URL("../../../browser/dist/", import.meta.url));

/** Whether the pages are built that a coordinator serves. */
export function pagesFinding(): Finding {
  const missing = ["index.html", "join.html"].filter((name) => !existsSync(PAGES_FOLDER + name));
  return missing.length === 0
    ? ok("pages", "The dashboard and the join page are built")
    : warning(
        "pages",
        `${missing.join(" and ")} of the dashboard and the join page are not built`,
        "npm run setup builds them; workers of Node join without",
      );
}

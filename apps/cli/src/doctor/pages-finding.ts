import { existsSync } from "node:fs";
import { join } from "node:path";
import { PAGES_FOLDER } from "@tributary/browser";
import { type Finding, ok, warning } from "./finding.ts";

/** Whether the pages are built that a coordinator serves. */
export function pagesFinding(): Finding {
  const missing = ["index.html", "join.html"].filter((name) => !existsSync(join(PAGES_FOLDER, name)));
  return missing.length === 0
    ? ok("pages", "The dashboard and the join page are built")
    : warning(
        "pages",
        `${missing.join(" and ")} of the dashboard and the join page are not built`,
        "npm run setup builds them; workers of Node join without",
      );
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorPage, errorTables } from "./error-page.ts";
import { ROOT } from "./source-tree.ts";

writeFileSync(join(ROOT, "docs/errors.md"), errorPage(await errorTables()));

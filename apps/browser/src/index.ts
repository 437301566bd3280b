export { ensurePages, PAGES_FOLDER } from "./build/pages.ts";

import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** One TypeScript file of the workspace. */
export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One `import ... from "specifier"` or `export ... from`. */
export interface ImportStatement {
  readonly specifier: string;
  /** Whether only types are imported, which leaves no trace at run time. */
  readonly typeOnly: boolean;
}

const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "runs"]);

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (SKIPPED_FOLDERS.has(name) || name.startsWith(".")) return [];
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

/** Every file below one of the folders (paths from the root) whose name ends with one of `endings`. */
export function filesBelow(folders: readonly string[], endings: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => walk(join(ROOT, folder)))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: relative(ROOT, path).split(sep).join("/"), text: readFileSync(path, "utf8") }));
}

/** Whether a file holds tests, or the suites that tests call: they may use what the code may not. */
export function isTest(file: SourceFile): boolean {
  return file.path.endsWith(".test.ts") || file.path.includes("/conformance/") || file.path.startsWith("test/");
}

/** The package or app a file belongs to, as "packages/NAME" or "apps/NAME". */
export function homeOf(file: SourceFile): string {
  return file.path.split("/").slice(0, 2).join("/");
}

/** Import and re-export statements of a file, static and dynamic. */
export function importsOf(file: SourceFile): ImportStatement[] {
  const code = withoutComments(file.text);
  const statics = [...code.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:([^"';]*?)\s*from\s+)?"([^"]+)"/gm)].map(
    (match) => ({ specifier: match[3] ?? "", typeOnly: match[1] !== undefined || allMembersAreTypes(match[2] ?? "") }),
  );
  const dynamics = [...code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)].map((match) => ({
    specifier: match[1] ?? "",
    typeOnly: false,
  }));
  return [...statics, ...dynamics];
}

function allMembersAreTypes(clause: string): boolean {
  const members = clause
    .trim()
    .match(/^\{([^}]*)\}$/)?.[1]
    ?.split(",")
    .map((member) => member.trim())
    .filter(Boolean);
  return members !== undefined && members.length > 0 && members.every((member) => member.startsWith("type "));
}

/** The text with comments blanked out; line breaks stay, so that line numbers hold. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match, quoted) => (quoted === undefined ? match.replace(/[^\n]/g, " ") : match),
  );
}

/** The text with comments and the contents of strings blanked out. */
export function codeOnly(text: string): string {
  return withoutComments(text).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (match) =>
    match.replace(/[^\n]/g, " "),
  );
}

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filesBelow, homeOf, ROOT, type SourceFile } from "./source-tree.ts";

/** One package's or app's table of error codes. */
export interface ErrorTable {
  /** "packages/NAME" or "apps/NAME". */
  readonly home: string;
  /** What each code means, and how to mend it. */
  readonly sentences: Readonly<Record<string, string>>;
}

const INTRODUCTION = `# Error codes

Every error that Tributary throws has a \`code\`, and a message that names the values. What a code means, and what to do about it, stands here;
\`node test/src/house/write-errors.ts\` (with the Node of the workspace, \`node_modules/.bin/node\`) writes this page from the packages' own tables.
The codes with which a coordinator refuses a worker, or what it sent, are in [PROTOCOL.md](../PROTOCOL.md).
`;

async function tableOf(file: SourceFile): Promise<ErrorTable> {
  const module: Record<string, unknown> = await import(pathToFileURL(join(ROOT, file.path)).href);
  const found = Object.entries(module).find(([name]) => name.endsWith("_ERROR_CODES"))?.[1];
  if (typeof found !== "object" || found === null) throw new Error(`${file.path} exports no table of error codes`);
  const entries = Object.entries(found).map(([code, sentence]): [string, string] => [code, String(sentence)]);
  return { home: homeOf(file), sentences: Object.fromEntries(entries) };
}

/** The tables of all packages and apps, by path. */
export function errorTables(): Promise<ErrorTable[]> {
  const files = filesBelow(["packages", "apps"], ["/errors.ts"]).filter(({ path }) =>
    /^[^/]+\/[^/]+\/src\/errors\.ts$/.test(path),
  );
  return Promise.all(files.sort((a, b) => (a.path < b.path ? -1 : 1)).map(tableOf));
}

/** The text of docs/errors.md. */
export function errorPage(tables: readonly ErrorTable[]): string {
  const sections = tables.map(({ home, sentences }) => {
    const rows = Object.entries(sentences).map(
      ([code, sentence]) => `| \`${code}\` | ${sentence.replaceAll("|", "\\|")} |`,
    );
    return [`\n## ${home}\n`, "| code | what it means, and what to do |", "|---|---|", ...rows].join("\n");
  });
  return `${[INTRODUCTION.trimEnd(), ...sections].join("\n")}\n`;
}

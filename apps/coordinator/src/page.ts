/** Stands in for the dashboard and the join page where they were not built: what runs here, and how to build them. */
export function pageOf(run: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Tributary: ${escaped(run)}</title></head>
<body>
<h1>Tributary</h1>
<p>This coordinator trains <strong>${escaped(run)}</strong>. Its dashboard and the page for tabs that join are not built: run
<code>node apps/browser/src/build/main.ts</code> in the repository, then start the coordinator again.</p>
<p>Node workers can join all the same: run <code>npx tributary join</code> with the whole address of the page for joining, what stands after
the # included.</p>
<p>What it is doing: <a href="/runs">/runs</a></p>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** The page at the coordinator's address, until there is a dashboard: what runs here and how to join. */
export function pageOf(run: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tributary: ${escaped(run)}</title></head>
<body>
<h1>Tributary</h1>
<p>This coordinator trains <strong>${escaped(run)}</strong>. To join, run <code>npx tributary join</code> with the whole address of this page,
what stands after the # included.</p>
<p>What it is doing: <a href="/runs">/runs</a></p>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

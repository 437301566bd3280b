import { type ComponentChild, render } from "preact";

/** Puts a page's content where its HTML has the place for it. @throws Error when the HTML is another one */
export function mount(content: ComponentChild): void {
  const root = document.getElementById("page");
  if (root === null) throw new Error("The page has no element #page: it was not built from its own HTML");
  // What stands there says that no script has run.
  root.replaceChildren();
  render(content, root);
}

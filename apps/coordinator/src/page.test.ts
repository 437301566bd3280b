import { expect, it } from "vitest";
import { pageOf } from "./page.ts";

it("[security] a run's name stands on the page that replaces unbuilt ones as text, whatever is in it", () => {
  const page = pageOf(`<img src=x onerror="alert('1')">&amp;`);
  expect(page).not.toContain("<img");
  expect(page).toContain("trains <strong>&lt;img src=x onerror=&quot;alert('1')&quot;&gt;&amp;amp;</strong>");
  expect(page).toContain("<title>Tributary: &lt;img");
});

import { ensurePages, PAGES_FOLDER } from "@tributary/browser";
import { type Pages, readPages } from "@tributary/coordinator-app";

/** Who hears, in words for people, that pages are built, and that they could not be. */
export interface BuildListeners {
  readonly onBuild: (text: string) => void;
  readonly onProblem: (text: string) => void;
}

/**
 * The dashboard and the join page, built if they have changed. Where they cannot be built, those of an earlier time, or none: a run does
 * not fail for want of its pages. Never rejects.
 */
export async function builtPages({ onBuild, onProblem }: BuildListeners): Promise<Pages> {
  try {
    return await readPages(await ensurePages(onBuild));
  } catch (error) {
    onProblem(`${error instanceof Error ? error.message : String(error)}\nThe run goes on without new pages`);
    return await readPages(PAGES_FOLDER).catch(() => new Map());
  }
}

import type { ComponentChildren } from "preact";

/** Props of {@link Panel}. */
export interface PanelProps {
  /** Of the element; also what links on the page lead to. */
  readonly id: string;
  readonly title: string;
  /** Beside the title: buttons and choices. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** One part of the page: a region with a heading. */
export function Panel({ id, title, tools, children }: PanelProps) {
  return (
    <section class={`panel panel-${id}`} id={id} aria-labelledby={`${id}-title`}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {tools === undefined ? null : <div class="panel-tools">{tools}</div>}
      </div>
      {children}
    </section>
  );
}

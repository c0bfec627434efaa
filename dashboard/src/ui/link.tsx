// A link within the dashboard: an ordinary one for everything but a plain click.
import type { ComponentChildren } from 'preact';
import { go, pathOf, type Route } from './router.ts';

type Props = { to: Route; class?: string; current?: boolean; label?: string; children: ComponentChildren };

/** Opens in place; with a modifier key or the middle button the browser does what it always does. */
export function Link({ to, class: name, current, label, children }: Props) {
  const click = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={pathOf(to)} class={name} onClick={click} aria-current={current ? 'page' : undefined} aria-label={label}>
      {children}
    </a>
  );
}

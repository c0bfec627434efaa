// A button that opens what it stands for below itself. It closes on a press elsewhere, on Escape, and when the page changes.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { route } from './router.ts';

type Props = {
  class: string;
  /** For screen readers, where the button alone does not say of what. */
  label?: string;
  /** What it leads to is on the screen. */
  current?: boolean;
  button: ComponentChildren;
  children: ComponentChildren;
};

export function Menu({ class: name, label, current = false, button, children }: Props) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const page = route.value;
  useEffect(() => setOpen(false), [page]);
  useEffect(() => {
    if (!open) return;
    const pressed = (event: Event) => {
      if (!whole.current?.contains(event.target as Node)) setOpen(false);
    };
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      whole.current?.querySelector('button')?.focus();
    };
    addEventListener('pointerdown', pressed);
    addEventListener('keydown', key);
    return () => {
      removeEventListener('pointerdown', pressed);
      removeEventListener('keydown', key);
    };
  }, [open]);
  return (
    <div ref={whole} class={`menu ${name}`}>
      <button
        type="button"
        class="menu-button"
        aria-expanded={open}
        aria-label={label}
        data-current={current || undefined}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      <div class="menu-panel" hidden={!open}>
        {children}
      </div>
    </div>
  );
}

// A line of text that is there to be copied.
import { useRef, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { Icon } from './icons.tsx';

/** Where the browser refuses the clipboard (a page without TLS), the text is selected instead. */
export function Copyable({ value, label }: { value: string; label: string }) {
  const field = useRef<HTMLElement>(null);
  const [done, setDone] = useState<'copied' | 'selected' | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setDone('copied');
    } catch {
      getSelection()?.selectAllChildren(field.current!);
      setDone('selected');
    }
  };
  return (
    <div class="copyable">
      <span class="label">{label}</span>
      <div class="copyable-row">
        <code ref={field}>{value}</code>
        <button type="button" class="button" onClick={copy} aria-label={text.copy.of(label)}>
          <Icon name={done === 'copied' ? 'check' : 'copy'} />
          <span aria-live="polite">{done === null ? text.copy.copy : text.copy[done]}</span>
        </button>
      </div>
    </div>
  );
}

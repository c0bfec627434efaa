// The field for a command's parameters. A skeleton that was chosen gets the caret at its first empty place.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { firstEmptyPlace, type ReadParams } from './command-params.ts';

type Props = {
  json: string;
  read: ReadParams;
  /** Grows when a command was chosen, and with it what is in this field. */
  chosen: number;
  /** Shown while nothing is written. */
  example: string;
  input(json: string): void;
};

/** Says what is missing or wrong below it. */
export function ParamsField({ json, read, chosen, example, input }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const place = firstEmptyPlace(json);
    if (chosen === 0 || place === null) return;
    area.current?.focus();
    area.current?.setSelectionRange(place, place);
  }, [chosen]);
  const wrong = !read.ok && read.missing === null;
  return (
    <label class="field">
      <span class="label">{text.command.params}</span>
      <textarea
        ref={area}
        class="code"
        rows={2}
        value={json}
        placeholder={example}
        onInput={event => input(event.currentTarget.value)}
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={wrong}
      />
      {!read.ok && (
        <span class={wrong ? 'hint bad' : 'hint'}>
          {read.missing === null ? read.why : text.command.paramsMissing(read.missing.join(', '))}
        </span>
      )}
    </label>
  );
}

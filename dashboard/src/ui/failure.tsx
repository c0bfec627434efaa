// What went wrong, in words, with a way to try again.
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';

/** Title and detail of an error. */
export function describe(error: unknown): { title: string; detail: string | null } {
  if (error instanceof ApiError) {
    const fields = error.fields.map(field => text.failure.field(field.where, field.expected, field.got)).join(' ');
    const detail = [error.detail, fields].filter(part => part !== null && part !== '').join(' ');
    if (error.kind === 'unreachable') return { title: text.failure.unreachable, detail: null };
    return { title: error.message, detail: detail === '' ? null : detail };
  }
  return { title: text.failure.unknown, detail: error instanceof Error ? error.message : null };
}

/** A notice; `retry` adds the button. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { title, detail } = describe(error);
  return (
    <div class="notice is-bad" role="alert">
      <p>
        <b>{title}</b>
        {detail !== null && <span> {detail}</span>}
      </p>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          {text.failure.retry}
        </button>
      )}
    </div>
  );
}

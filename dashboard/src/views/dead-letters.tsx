// What devices sent and the gateway could not understand, with the reason: for those who set devices up.

import type { DeadLetter } from '@telltale/gateway/contract';
import { codes, limits } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount, formatFull } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Link } from '../ui/link.tsx';

const pageRows = 50;
type Shown = { items: readonly DeadLetter[]; next: string | null; refused: number; at: number };

/** Does not follow live: it is read with care, and says when it was loaded. */
export function DeadLettersView() {
  const { api, session, clock } = useApp();
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<unknown>(null);

  const load = async (before: Shown | null) => {
    setError(null);
    try {
      const page = await api.deadLetters({ limit: pageRows, cursor: before?.next ?? null });
      const items = [...(before?.items ?? []), ...page.items].slice(0, limits.deadLettersMax);
      setShown({ items, next: page.next, refused: page.refused, at: clock.now() });
    } catch (reason) {
      setError(reason);
    }
  };
  useEffect(() => void load(null), []);

  if (!session.may('administrator')) return <p class="notice is-bad">{text.deadLetters.forbidden}</p>;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title['dead-letters']}</h1>
        {shown !== null && (
          <p class="fleet-count muted">
            {text.deadLetters.refused(formatCount(shown.refused))} · {text.deadLetters.loaded} <Age at={shown.at} />
          </p>
        )}
        <button type="button" class="button push" onClick={() => void load(null)}>
          {text.deadLetters.reload}
        </button>
      </div>
      <p class="muted lead">{text.deadLetters.intro}</p>
      {error !== null && <Failure error={error} retry={() => void load(null)} />}
      {shown === null && error === null && <p class="loading">{text.loading}</p>}
      {shown?.items.length === 0 && <p class="empty muted">{text.deadLetters.none}</p>}
      <ul class="letters">
        {shown?.items.map(letter => (
          <Letter key={letter.id} letter={letter} />
        ))}
      </ul>
      {shown !== null && shown.next !== null && (
        <button type="button" class="button" onClick={() => void load(shown)}>
          {text.fleet.more}
        </button>
      )}
    </>
  );
}

function Letter({ letter }: { letter: DeadLetter }) {
  const cut = letter.payloadBytes > limits.deadLetterBytesMax;
  return (
    <li class="card letter">
      <div class="letter-head">
        <b>{codes[letter.code]?.title ?? letter.code}</b>
        <span class="muted small" title={formatFull(letter.at)}>
          <Age at={letter.at} />
        </span>
      </div>
      <p>{letter.hint}</p>
      <p class="letter-topic">
        <code>{letter.topic}</code>
        {letter.device !== null && <Link to={{ name: 'device', id: letter.device }}>{letter.device}</Link>}
      </p>
      <pre>{letter.payload === '' ? text.deadLetters.empty : letter.payload}</pre>
      <p class="muted small">
        {text.deadLetters.bytes(formatCount(letter.payloadBytes))}
        {cut && ` ${text.deadLetters.cut}`}
      </p>
    </li>
  );
}

// How old something is, counted on the gateway's clock and kept up to date.
import { text } from '../i18n/en.ts';
import { formatAge, formatFull } from '../i18n/format.ts';
import { useApp } from './app-context.ts';

/** The age of `at`; its exact time is in the title. */
export function Age({ at }: { at: number | null }) {
  const { time } = useApp();
  if (at === null) return <span>{text.dash}</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={formatFull(at)}>
      {formatAge(at, time.ticking.value)}
    </time>
  );
}

// How many devices it will be, and the first of them, while somebody types which.
import type { GroupPreview } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import type { TargetPreview } from '../model/target-preview.ts';
import { Failure } from '../ui/failure.tsx';

/** Devices that are named. */
const namedMax = 6;

type Props = {
  of: Pick<TargetPreview<never>, 'preview' | 'error'>;
  /** What has to be said first; null where there is something to count. */
  waits: string | null;
  /** Of so many devices, of which these are named. */
  words(count: string, named: string, isMore: boolean): string;
  none: string;
  /** Said in the place of a number that is too large. */
  tooMany?: (total: number) => string | null;
};

export function TargetCount({ of, waits, words, none, tooMany }: Props) {
  const found = of.preview.value;
  if (waits === null && found === null && of.error.value !== null) return <Failure error={of.error.value} />;
  const say = ({ total, devices }: GroupPreview) => {
    if (total === 0) return none;
    const named = devices.slice(0, namedMax).join(', ');
    return tooMany?.(total) ?? words(formatCount(total), named, total > namedMax);
  };
  return (
    <p
      class={`notice group-preview${found?.total === 0 ? ' is-late' : ''}`}
      aria-live="polite"
      data-total={found?.total}
    >
      {waits ?? (found === null ? text.groups.counting : say(found))}
    </p>
  );
}

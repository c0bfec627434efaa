// How long a command may wait, and why it is sent: what every form for commands has.
import { limits } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';

const lives = [10_000, limits.commandTtlMsDefault, 120_000, 600_000, 3_600_000, limits.commandTtlMsMax] as const;

/** One that is not among the usual ones is offered, too. */
export function LifeChoice({ ttlMs, choose }: { ttlMs: number; choose(ttlMs: number): void }) {
  const offered = [...new Set([...lives, ttlMs])].sort((a, b) => a - b);
  return (
    <label class="field">
      <span class="label">{text.command.ttl}</span>
      <select value={String(ttlMs)} onChange={event => choose(Number(event.currentTarget.value))}>
        {offered.map(ms => (
          <option key={ms} value={String(ms)}>
            {formatDuration(ms)}
          </option>
        ))}
      </select>
    </label>
  );
}

type ReasonProps = { reason: string; needed?: boolean; input(reason: string): void };

export function ReasonField({ reason, needed = false, input }: ReasonProps) {
  return (
    <label class="field">
      <span class="label">{needed ? text.command.confirmReason : text.command.reason}</span>
      <input
        value={reason}
        onInput={event => input(event.currentTarget.value)}
        maxLength={limits.commandReasonLengthMax}
        required={needed}
        autocomplete="off"
      />
    </label>
  );
}

// What limits the history, when it will be full, what is written, and how long a card bears that.
import type { Storage } from '@telltale/gateway/contract';
import type { ComponentChildren } from 'preact';
import { text } from '../i18n/en.ts';
import { formatBytes, formatCount, formatDate, formatFull } from '../i18n/format.ts';
import { Age } from '../ui/age.tsx';
import {
  allowanceShare,
  allowanceWords,
  budgetShare,
  bytesTotal,
  cardWords,
  commitWords,
  forecastWords,
  isFullSoon,
} from './storage-words.ts';

/** Two cards of facts. */
export function StorageFacts({ storage }: { storage: Storage }) {
  return (
    <>
      <Limits storage={storage} />
      <Writing storage={storage} />
    </>
  );
}

function Limits({ storage }: { storage: Storage }) {
  const { diskBudget, oldest } = storage;
  return (
    <section class="card" aria-labelledby="storage-limits">
      <h2 id="storage-limits">{text.storage.limits}</h2>
      <dl class="facts">
        <Fact name={text.storage.forecast} large>
          <span class={isFullSoon(storage) ? 'bad' : undefined} data-fact="full">
            {forecastWords(storage)}
          </span>
        </Fact>
        <Fact name={text.storage.budget} share={budgetShare(storage)}>
          {diskBudget === null
            ? text.storage.noBudget
            : text.storage.budgetUsed(formatBytes(bytesTotal(storage)), formatBytes(diskBudget))}
        </Fact>
        <Fact name={text.storage.diskFree}>{formatBytes(storage.diskFree)}</Fact>
        <Fact name={text.storage.readings}>{formatCount(storage.readings)}</Fact>
        <Fact name={text.storage.oldest}>
          {oldest === null ? (
            // Readings that still wait in the log have not been looked at for it.
            storage.readings > 0 ? (
              text.storage.unknown
            ) : (
              text.storage.nothing
            )
          ) : (
            <>
              <time dateTime={new Date(oldest).toISOString()} title={formatFull(oldest)}>
                {formatDate(oldest)}
              </time>{' '}
              <span class="muted">
                (<Age at={oldest} />)
              </span>
            </>
          )}
        </Fact>
      </dl>
    </section>
  );
}

function Writing({ storage }: { storage: Storage }) {
  const { written } = storage;
  return (
    <section class="card" aria-labelledby="storage-wear">
      <h2 id="storage-wear">{text.storage.wear}</h2>
      <dl class="facts">
        <Fact name={text.storage.card} large>
          <span data-fact="card">{cardWords(storage)}</span>
          <span class="facts-note muted">{text.storage.cardOf(formatBytes(written.cardEndurance))}</span>
        </Fact>
        <Fact name={text.storage.today}>{formatBytes(written.today)}</Fact>
        <Fact name={text.storage.allowance} share={allowanceShare(storage)}>
          {allowanceWords(storage)}
        </Fact>
        <Fact name={text.storage.perDay}>{text.storage.bytesPerDay(formatBytes(written.perDay))}</Fact>
        <Fact name={text.storage.commits}>{commitWords(storage)}</Fact>
      </dl>
    </section>
  );
}

type FactProps = { name: string; large?: boolean; share?: number | null; children: ComponentChildren };

/** `share` of a limit is drawn as well; the words beside it say the same. */
function Fact({ name, large = false, share = null, children }: FactProps) {
  return (
    <div class={large ? 'fact is-large' : 'fact'}>
      <dt>{name}</dt>
      <dd>
        {children}
        {share !== null && (
          <span class={share > 0.9 ? 'gauge is-high' : 'gauge'} aria-hidden="true">
            <span style={{ width: `${Math.min(1, share) * 100}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}

// Which devices a command type fits, how many of them there are, and which other types are for the same command.
import { type CommandType, limits } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { openTargetPreview } from '../model/target-preview.ts';
import { fitsAll, targetOf } from '../model/type-form.ts';
import { useApp } from '../ui/app-context.ts';
import { Lines } from '../ui/fields.tsx';
import { useOpened } from '../ui/use-opened.ts';
import type { PartProps } from './command-type-form.tsx';
import { TargetCount } from './target-count.tsx';

const words = text.commandTypes.fits;
/** Other types for the same command that are named. */
const othersMax = 3;

export function TypeTargetFields(part: PartProps) {
  const { form, change, problemAt } = part;
  return (
    <section class="card type-part" aria-label={words.title}>
      <h2>{words.title}</h2>
      <div class="segments">
        <button type="button" aria-pressed={form.all} onClick={() => change({ all: true })}>
          {words.all}
        </button>
        <button type="button" aria-pressed={!form.all} onClick={() => change({ all: false })}>
          {words.some}
        </button>
      </div>
      {!form.all && (
        <>
          <div class="pair">
            <Lines
              label={words.devices}
              hint={words.devicesHint}
              rows={2}
              value={form.devices}
              input={devices => change({ devices })}
              problem={problemAt('devices')}
            />
            <Lines
              label={words.tags}
              hint={words.tagsHint}
              rows={2}
              value={form.tags}
              input={tags => change({ tags })}
              problem={problemAt('tags')}
            />
            <Lines
              label={words.models}
              hint={words.modelsHint}
              rows={2}
              value={form.models}
              input={models => change({ models })}
              problem={problemAt('models')}
            />
          </div>
          <p class="hint">{words.any}</p>
        </>
      )}
      <Count {...part} />
      <Others {...part} />
    </section>
  );
}

function Count({ form }: PartProps) {
  const { api, clock } = useApp();
  const preview = useOpened(() => openTargetPreview(api.previewCommandType, clock), []);
  const target = targetOf(form);
  const waits = !form.all && fitsAll(target);
  useEffect(() => preview?.ask(waits ? null : target), [preview, JSON.stringify(target), waits]);
  if (preview === null) return null;
  return (
    <TargetCount
      of={preview}
      waits={waits ? words.waits : null}
      words={(count, named, isMore) => (isMore ? words.more : words.count)(count, named)}
      none={words.none}
    />
  );
}

/** Of several types for one command that fit a device the one with the smallest id counts. */
function Others({ form }: PartProps) {
  const { api } = useApp();
  const [types, setTypes] = useState<readonly CommandType[]>([]);
  useEffect(() => {
    let current = true;
    api.commandTypes({ limit: limits.commandTypesMax }).then(
      ({ items }) => current && setTypes(items),
      // The form does without.
      () => {},
    );
    return () => {
      current = false;
    };
  }, []);
  const name = form.name.trim();
  const id = form.id.trim();
  return types
    .filter(each => each.name === name && each.id !== id)
    .slice(0, othersMax)
    .map(each => (
      <p key={each.id} class="hint">
        {(each.id < id ? words.before : words.after)(each.id, name)}
      </p>
    ));
}

// The form that asks many devices at once. It says how many they are before anything is sent.
import {
  type CommandGroup,
  type CommandType,
  type GroupRequest,
  type GroupTarget,
  limits,
} from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { scopeOf, scopeProblem } from '../model/scope-draft.ts';
import { chosenType } from '../model/shared-types.ts';
import { openTargetPreview, type TargetPreview } from '../model/target-preview.ts';
import { useApp } from '../ui/app-context.ts';
import { FormEnd } from '../ui/dialog.tsx';
import { EntryProblem, Line, Lines } from '../ui/fields.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { LifeChoice, ReasonField } from './command-life.tsx';
import { readParams } from './command-params.ts';
import { emptyGroupDraft, type GroupDraft, groupRequest, lifeOf, targetDraft, typedDraft } from './group-draft.ts';
import { ParamsField } from './params-field.tsx';
import { TargetCount } from './target-count.tsx';
import { TypeChips } from './type-chips.tsx';
import { readTypeDraft } from './type-draft.ts';
import { TypeNotices, TypeParams } from './type-params.tsx';
import { useSharedTypes } from './use-command-types.ts';
import { isUncertain, useKeyedSending } from './use-sending.ts';

const words = text.groups;

type Props = { made(group: CommandGroup): void; close(): void };
type PartProps = { draft: GroupDraft; change(change: Partial<GroupDraft>): void };

/** The number of devices is typed once more: a star too many is soon written. */
export function GroupForm({ made, close }: Props) {
  const app = useApp();
  const [draft, setDraft] = useState(emptyGroupDraft);
  const change = (next: Partial<GroupDraft>) => setDraft({ ...draft, ...next });
  const sending = useKeyedSending((request: GroupRequest, key) => app.api.createGroup(request, key), made);
  const preview = useOpened(() => openTargetPreview(app.api.previewGroup, app.clock), []);
  const total = preview?.preview.value?.total ?? 0;
  const { types, mayBeOther } = useSharedTypes(preview?.preview.value?.devices ?? []);
  const type = chosenType(types, mayBeOther, draft.type);
  const request = groupRequest(draft, total, type);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (request !== null) void sending.send(request);
  };
  return (
    <form class="group-form" onSubmit={submit}>
      {preview !== null && <WhichDevices draft={draft} change={change} preview={preview} />}
      <WhatToDo draft={draft} change={change} types={types} mayBeOther={mayBeOther} type={type} error={sending.error} />
      <HowManyAtOnce draft={draft} change={change} />
      {total > 0 && total <= limits.groupDevicesMax && (
        <Line
          label={words.confirm(String(total))}
          name="confirm"
          inputMode="numeric"
          value={draft.confirm}
          input={confirm => change({ confirm })}
          autocomplete="off"
        />
      )}
      {sending.error !== null && isUncertain(sending.error) && <p class="hint">{words.uncertain}</p>}
      <FormEnd
        action={sending}
        submit={type?.secondPerson ? text.command.ask : words.submit}
        disabled={request === null}
        cancel={close}
      />
    </form>
  );
}

function WhichDevices({ draft, change, preview }: PartProps & { preview: TargetPreview<GroupTarget> }) {
  const target = targetDraft(draft);
  const problem = scopeProblem(target);
  useEffect(() => {
    preview.ask(problem === null ? scopeOf(target) : null);
  }, [preview, draft.devices, draft.tags]);
  return (
    <>
      <div class="pair">
        <Lines
          label={words.patterns}
          hint={words.patternsHint}
          rows={2}
          value={draft.devices}
          input={devices => change({ devices })}
        />
        <Lines label={words.tags} hint={words.tagsHint} rows={2} value={draft.tags} input={tags => change({ tags })} />
      </div>
      <EntryProblem problem={problem} />
      <TargetCount
        of={preview}
        waits={problem === null ? null : words.previewWaits}
        words={(count, named, isMore) => (isMore ? words.previewMore : words.preview)(count, named)}
        none={words.previewNone}
        tooMany={total =>
          total > limits.groupDevicesMax
            ? words.previewMany(formatCount(total), formatCount(limits.groupDevicesMax))
            : null
        }
      />
    </>
  );
}

type WhatProps = PartProps & {
  types: readonly CommandType[];
  mayBeOther: boolean;
  type: CommandType | null;
  error: unknown;
};

/** A form of the chosen type where the devices have one in common, else a name and JSON. */
function WhatToDo({ draft, change, types, mayBeOther, type, error }: WhatProps) {
  return (
    <>
      <TypeChips
        legend={words.types}
        types={types}
        chosen={type}
        mayBeOther={mayBeOther}
        choose={id => change({ type: id, typed: null, ttlMs: null })}
      />
      {type === null ? (
        <AnyCommand draft={draft} change={change} />
      ) : (
        <>
          {type.description !== null && <p>{type.description}</p>}
          <TypeParams
            type={type}
            draft={typedDraft(draft, type)}
            error={error}
            change={typed => change({ type: type.id, typed })}
          />
          <TypeNotices
            type={type}
            // A group waits for as long as it takes; the life of a command begins when its device is asked.
            agreeWithinMs={null}
            params={readTypeDraft(type, typedDraft(draft, type))?.value}
            danger={words.danger}
          />
        </>
      )}
      <div class="field-row">
        <LifeChoice ttlMs={lifeOf(draft, type)} choose={ttlMs => change({ ttlMs })} />
        <ReasonField reason={draft.reason} needed={type?.danger === 'danger'} input={reason => change({ reason })} />
      </div>
    </>
  );
}

function AnyCommand({ draft, change }: PartProps) {
  return (
    <>
      <Line
        label={text.command.name}
        name="command"
        value={draft.name}
        input={name => change({ name })}
        maxLength={limits.commandNameLengthMax}
        autocomplete="off"
        required
      />
      <ParamsField
        json={draft.params}
        read={readParams(draft.params)}
        chosen={0}
        example={text.command.paramsExample}
        input={params => change({ params })}
      />
    </>
  );
}

function HowManyAtOnce({ draft, change }: PartProps) {
  return (
    <div class="pair">
      <Line
        label={words.concurrency}
        hint={words.concurrencyHint}
        type="number"
        min={1}
        max={limits.groupConcurrencyMax}
        value={draft.concurrency}
        input={concurrency => change({ concurrency })}
        required
      />
      <Line
        label={words.failuresMax}
        hint={words.failuresMaxHint}
        type="number"
        min={0}
        max={limits.groupDevicesMax}
        value={draft.failuresMax}
        input={failuresMax => change({ failuresMax })}
      />
    </div>
  );
}

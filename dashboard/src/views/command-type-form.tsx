// The form that an administrator makes or changes a command type with. It says what the gateway says where that belongs.
import type { CommandType, CommandTypeRequest } from '@telltale/gateway/contract';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';
import { leaveDraft, takeDraft } from '../model/left-draft.ts';
import { requestOf, shownType, type TypeForm } from '../model/type-form.ts';
import { type Places, placesOf, standing } from '../model/type-places.ts';
import { useApp } from '../ui/app-context.ts';
import { FormEnd } from '../ui/dialog.tsx';
import { Line, Lines } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';
import { useMe } from '../ui/use-me.ts';
import { CommandTypePreview } from './command-type-preview.tsx';
import { TypeExpectFields } from './type-expect-fields.tsx';
import { TypeParamsFields } from './type-params-fields.tsx';
import { TypeSendingFields } from './type-sending-fields.tsx';
import { TypeTargetFields } from './type-target-fields.tsx';

const words = text.commandTypes;

/** What a part of the form needs: what is typed, how to change it, and what is wrong at a place. */
export type PartProps = {
  form: TypeForm;
  change(change: Partial<TypeForm>): void;
  problemAt(place: string): string | undefined;
};

type Props = { begin: TypeForm; opened: CommandType | null; saved(): void };

/** `opened` is the type that is changed; null makes a new one. */
export function CommandTypeForm({ begin, opened: found, saved }: Props) {
  const { api } = useApp();
  const action = useAction();
  const { opened, form, setForm, isTakenUp } = useForm(begin, found);
  /** What the gateway was asked for last; before that nothing is marked as missing. */
  const [asked, setAsked] = useState<TypeForm | null>(null);
  const element = useRef<HTMLFormElement>(null);
  const read = requestOf(form, opened);
  const places = refusedPlaces(asked, form, action.error);
  const problemAt = (place: string) => {
    const own = asked === null || read.ok ? undefined : read.problems.find(problem => problem.place === place);
    return own === undefined ? gatewayWords(places, place) : words.problem[own.kind];
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setAsked(form);
    if (read.ok && (await action.run(() => save(api, form.id.trim(), read.request, opened)))) saved();
  };
  useLayoutEffect(() => {
    if (asked !== null && !action.busy) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [asked, action.busy]);
  const part: PartProps = { form, change: change => setForm({ ...form, ...change }), problemAt };
  return (
    <div class="type-page">
      <form ref={element} class="type-form" aria-label={text.title['command-type']} noValidate onSubmit={submit}>
        {isTakenUp && <p class="notice">{words.takenUp}</p>}
        <WhatItIs {...part} isNew={opened === null} />
        <TypeTargetFields {...part} />
        <TypeParamsFields {...part} />
        <TypeSendingFields {...part} />
        <TypeExpectFields {...part} />
        {asked !== null && (!read.ok || places.size > 0) && (
          <p class="notice is-bad" role="alert">
            {words.marked}
            {gatewayWords(places, '')}
          </p>
        )}
        <FormEnd
          action={{ busy: action.busy, error: places.size > 0 ? null : action.error }}
          submit={opened === null ? words.make : words.save}
        />
      </form>
      <Preview form={form} />
    </div>
  );
}

/** What is typed outlives the session: it goes on with what was left when that ended, as the type was then. */
function useForm(begin: TypeForm, found: CommandType | null) {
  const { session } = useApp();
  const me = useMe();
  const [start] = useState(() => takeDraft(me, found?.id ?? null));
  const opened = start === null ? found : start.opened;
  const [form, setForm] = useState(start?.form ?? begin);
  const now = useRef(form);
  now.current = form;
  useEffect(
    () => () => {
      const state = session.state.peek();
      const isLost =
        state.name === 'signed-out' && state.ended && JSON.stringify(now.current) !== JSON.stringify(begin);
      if (isLost) leaveDraft({ by: me, opened, form: now.current });
    },
    [],
  );
  return { opened, form, setForm, isTakenUp: start !== null };
}

/** What was shown last stays while something is typed that cannot be shown. */
function Preview({ form }: { form: TypeForm }) {
  const last = useRef<CommandType | null>(null);
  const name = form.name.trim() || words.fields.name;
  const read = requestOf({ ...form, id: 'preview', name, all: true });
  const type = read.ok ? shownType(form.id, read.request) : null;
  if (type !== null) last.current = type;
  return <CommandTypePreview type={type ?? last.current} />;
}

function WhatItIs({ form, change, problemAt, isNew }: PartProps & { isNew: boolean }) {
  const { fields } = words;
  return (
    <section class="card type-part" aria-label={words.what}>
      <h2>{words.what}</h2>
      <div class="pair">
        <Line
          label={fields.id}
          name="id"
          value={form.id}
          input={id => change({ id })}
          hint={isNew ? fields.idHint : undefined}
          problem={problemAt('id')}
          readOnly={!isNew}
          autocomplete="off"
        />
        <Line
          label={fields.name}
          name="command"
          value={form.name}
          input={name => change({ name })}
          hint={fields.nameHint}
          problem={problemAt('name')}
          autocomplete="off"
        />
      </div>
      <Line
        label={fields.title}
        value={form.title}
        input={title => change({ title })}
        hint={fields.titleHint}
        problem={problemAt('title')}
      />
      <Lines
        label={fields.description}
        value={form.description}
        rows={2}
        input={description => change({ description })}
        hint={fields.descriptionHint}
        problem={problemAt('description')}
      />
    </section>
  );
}

/** What is left of what the gateway said; nothing where it said something else than which fields are wrong. */
function refusedPlaces(asked: TypeForm | null, form: TypeForm, error: unknown): Places {
  if (asked === null || !(error instanceof ApiError)) return new Map();
  return standing(placesOf(asked, error.fields), asked, form);
}

/** The place itself is said where a field holds several, and the unit where it is another than the field's. */
function gatewayWords(places: Places, place: string): string | undefined {
  const say = place.endsWith('Ms') ? words.expectedMs : words.expected;
  const problems = places.get(place)?.map(({ where, expected, got }) => {
    const isPart = (place === 'params' || place === '') && where !== place;
    return isPart ? words.expectedAt(where, expected, got) : say(expected, got);
  });
  return problems?.join(' ');
}

/** What somebody else did meanwhile is not overwritten: a type has no version that could be asked for. */
async function save(
  api: ReturnType<typeof useApp>['api'],
  id: string,
  request: CommandTypeRequest,
  opened: CommandType | null,
): Promise<void> {
  const now = await api.commandType(id).catch(reason => {
    if (reason instanceof ApiError && reason.status === 404) return null;
    throw reason;
  });
  if (opened === null && now !== null) throw new Error(words.taken(id));
  if (opened !== null && JSON.stringify(now) !== JSON.stringify(opened)) throw new Error(words.changed);
  await api.putCommandType(id, request);
}

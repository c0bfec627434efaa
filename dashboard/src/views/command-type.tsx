// The page of one command type: its form for administrators, else what it is; beside it what an operator gets.
import type { CommandType } from '@telltale/gateway/contract';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { emptyTypeForm, formOf } from '../model/type-form.ts';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Link } from '../ui/link.tsx';
import { go } from '../ui/router.ts';
import { CommandTypeForm } from './command-type-form.tsx';
import { CommandTypePreview } from './command-type-preview.tsx';
import { TypeMarks } from './command-types.tsx';

const words = text.commandTypes;
const toList = { name: 'command-types' } as const;

/** One that is still to be made. */
export function NewCommandTypeView() {
  const { session } = useApp();
  return (
    <>
      <Head title={words.newTitle} />
      {session.may('administrator') ? (
        <CommandTypeForm begin={emptyTypeForm} opened={null} saved={() => go(toList)} />
      ) : (
        <p class="notice is-bad">{words.onlyAdministrators}</p>
      )}
    </>
  );
}

export function CommandTypeView({ id }: { id: string }) {
  const { api, session } = useApp();
  const [type, setType] = useState<CommandType | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    api.commandType(id).then(
      found => {
        if (!current) return;
        setType(found);
        setError(null);
      },
      reason => {
        if (current) setError(reason);
      },
    );
    return () => {
      current = false;
    };
  }, [id, turn]);
  const remove = async () => {
    await api.deleteCommandType(id);
    go(toList);
  };
  if (type === null) {
    return (
      <>
        <Head title={id} />
        {error === null ? (
          <p class="loading">{text.loading}</p>
        ) : (
          <Failure error={error} retry={() => setTurn(before => before + 1)} />
        )}
      </>
    );
  }
  const mayChange = session.may('administrator') && type.source === 'rest';
  return (
    <>
      <Head title={type.title ?? type.name} marks={<TypeMarks type={type} />}>
        {mayChange && (
          <ConfirmButton
            class="button is-danger push"
            label={words.delete}
            title={words.deleteTitle(id)}
            warning={words.deleteWarning}
            submit={words.deleteSubmit}
            work={remove}
          />
        )}
      </Head>
      {mayChange ? (
        <CommandTypeForm begin={formOf(type)} opened={type} saved={() => go(toList)} />
      ) : (
        <ReadOnly type={type} />
      )}
    </>
  );
}

type HeadProps = { title: string; marks?: ComponentChildren; children?: ComponentChildren };

function Head({ title, marks, children }: HeadProps) {
  return (
    <>
      <Link to={toList} class="back">
        <Icon name="back" />
        {words.back}
      </Link>
      <div class="fleet-head">
        <h1>{title}</h1>
        {marks}
        {children}
      </div>
    </>
  );
}

/** What it is, and why it cannot be changed here. */
function ReadOnly({ type }: { type: CommandType }) {
  const { fact } = words;
  return (
    <>
      <p class="notice">{type.source === 'config' ? words.configuredWhy : words.onlyAdministrators}</p>
      <div class="type-page">
        <section class="card type-facts" data-read-only>
          {type.description !== null && <p>{type.description}</p>}
          <dl>
            <Fact label={fact.id}>
              <code>{type.id}</code>
            </Fact>
            <Fact label={fact.command}>
              <code>{type.name}</code>
            </Fact>
            <Fact label={fact.devices}>{words.target(type.devices, type.tags, type.models)}</Fact>
            <Fact label={fact.danger}>{words.sending.dangers[type.danger]}</Fact>
            <Fact label={fact.life}>{formatDuration(type.ttlMs)}</Fact>
            <Fact label={fact.retries}>{words.retries(type.retries, formatDuration(type.retryAfterMs))}</Fact>
          </dl>
          {type.supersede && <p>{words.yes.supersede}</p>}
          {!type.reply && <p>{words.yes.noReply}</p>}
          {type.params !== null && (
            <details>
              <summary class="muted">{fact.schema}</summary>
              <pre>{JSON.stringify(type.params, null, 2)}</pre>
            </details>
          )}
        </section>
        <CommandTypePreview type={type} />
      </div>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

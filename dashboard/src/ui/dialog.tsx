// A button with its dialogue, the question before something that cannot be undone, and what is shown once.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { Copyable } from './copy.tsx';
import { Failure } from './failure.tsx';
import { useAction } from './use-action.ts';

type DialogProps = {
  label: ComponentChildren;
  /** For screen readers, where the label alone does not say of what. */
  of?: string;
  title: string;
  class?: string;
  disabled?: boolean;
  /** Its content lives as long as the dialogue is open: whatever secret it shows is forgotten with it. */
  children(close: () => void): ComponentChildren;
};

/** The focus goes in, stays in, and comes back to the button: the browser's own dialogue does that. */
export function DialogButton({ label, of, title, class: name = 'button', disabled, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = () => dialog.current?.close();
  // Escape neither loses a secret that is told once, nor the answer that brings it.
  const cancel = (event: Event) => {
    if (dialog.current?.querySelector('[data-keeps-open]')) event.preventDefault();
  };
  return (
    <>
      <button type="button" class={name} disabled={disabled} aria-label={of} onClick={() => setOpen(true)}>
        {label}
      </button>
      <dialog ref={dialog} class="card dialog" aria-label={title} onCancel={cancel} onClose={() => setOpen(false)}>
        {open && (
          <div>
            <h2>{title}</h2>
            {children(close)}
          </div>
        )}
      </dialog>
    </>
  );
}

type ConfirmProps = Omit<DialogProps, 'children'> & {
  warning: string;
  submit: string;
  /** What has to be typed first, with the words that ask for it. */
  typed?: { value: string; label: string };
  work(): Promise<unknown>;
};

/** Closes where `work` went well, and says what the gateway says where not. */
export function ConfirmButton({ warning, submit, typed, work, ...button }: ConfirmProps) {
  return (
    <DialogButton {...button}>
      {close => <Confirm warning={warning} submit={submit} typed={typed} work={work} close={close} />}
    </DialogButton>
  );
}

type QuestionProps = Pick<ConfirmProps, 'warning' | 'submit' | 'work'> & {
  typed: ConfirmProps['typed'];
  close(): void;
};

function Confirm({ warning, submit, typed, work, close }: QuestionProps) {
  const action = useAction();
  const [written, setWritten] = useState('');
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(work)) close();
  };
  return (
    <form onSubmit={send}>
      <p>{warning}</p>
      {typed !== undefined && (
        <label class="field">
          <span class="label">{typed.label}</span>
          <input
            value={written}
            onInput={event => setWritten(event.currentTarget.value)}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
          />
        </label>
      )}
      <FormEnd
        action={action}
        submit={submit}
        danger
        disabled={typed !== undefined && written !== typed.value}
        cancel={close}
      />
    </form>
  );
}

type EndProps = {
  action: Pick<ReturnType<typeof useAction>, 'busy' | 'error'>;
  submit: string;
  danger?: boolean;
  disabled?: boolean;
  cancel?: () => void;
};

/** What went wrong, and the buttons that end a form. */
export function FormEnd({ action, submit, danger = false, disabled = false, cancel }: EndProps) {
  return (
    <>
      {action.error !== null && <Failure error={action.error} />}
      <div class="actions" data-keeps-open={action.busy || undefined}>
        {cancel !== undefined && (
          <button type="button" class="button" onClick={cancel} disabled={action.busy}>
            {text.cancel}
          </button>
        )}
        <button
          type="submit"
          class={`button ${danger ? 'is-danger' : 'is-primary'}`}
          disabled={disabled || action.busy}
        >
          {submit}
        </button>
      </div>
    </>
  );
}

type ToldProps = { title: string; values: { label: string; value: string }[]; note?: string; close(): void };

/** Secrets that the gateway tells once. They are in memory alone, as long as this is in sight. */
export function ToldOnce({ title, values, note, close }: ToldProps) {
  const top = useRef<HTMLDivElement>(null);
  // The form that had the focus is gone: whoever cannot see hears what came in its place.
  useLayoutEffect(() => top.current?.focus(), []);
  return (
    <div ref={top} class="told" tabIndex={-1} data-keeps-open>
      <p>
        <b>{title}</b>
      </p>
      <p class="notice is-late">{text.told.once}</p>
      {values.map(({ label, value }) => (
        <Copyable key={label} label={label} value={value} />
      ))}
      {note !== undefined && <p class="muted">{note}</p>}
      <div class="actions">
        <button type="button" class="button is-primary" onClick={close}>
          {text.told.close}
        </button>
      </div>
    </div>
  );
}

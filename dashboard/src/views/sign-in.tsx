// The sign-in page: name, password and where it is asked for a one-time password, and why a one-time link did not work.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { describe } from '../ui/failure.tsx';
import { Lamp } from '../ui/icons.tsx';

type Props = { ended: boolean; failed: unknown };

/** `ended`: there was a session, and the gateway ended it. `failed`: why a one-time link did not work. */
export function SignInView({ ended, failed }: Props) {
  const { session } = useApp();
  const [busy, setBusy] = useState(false);
  // Undefined until something was tried here; until then the one-time link's failure is what there is to say.
  const [tried, setTried] = useState<unknown>(undefined);
  const error = tried === undefined ? failed : tried;
  // Once it was asked for, the field stays.
  const [wantsTotp, setWantsTotp] = useState(false);

  const totp = useRef<HTMLInputElement>(null);
  // It is what is missing, when it appears and where it was wrong.
  useEffect(() => {
    if (!busy) totp.current?.focus();
  }, [wantsTotp, busy]);

  const attempt = async (work: Promise<void>) => {
    setBusy(true);
    setTried(null);
    try {
      await work;
    } catch (reason) {
      setTried(reason);
      if (reason instanceof ApiError && reason.code === 'totp_needed') setWantsTotp(true);
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = `${text.signIn.title} – ${text.product}`;
  }, []);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const totp = String(form.get('totp') ?? '').trim();
    const proof = { name: String(form.get('name')), password: String(form.get('password')) };
    void attempt(session.signIn(totp === '' ? proof : { ...proof, totp }));
  };

  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <div class="sign-in-brand">
          <Lamp lit={false} />
          <h1>{text.product}</h1>
        </div>
        <p class="muted">{ended ? text.signIn.ended : text.signIn.intro}</p>
        <label class="field">
          <span class="label">{text.signIn.name}</span>
          <input
            name="name"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            disabled={busy}
          />
        </label>
        <label class="field">
          <span class="label">{text.signIn.password}</span>
          <input name="password" type="password" autocomplete="current-password" required disabled={busy} />
        </label>
        {wantsTotp && (
          <label class="field">
            <span class="label">{text.signIn.totp}</span>
            <input
              ref={totp}
              name="totp"
              autocomplete="one-time-code"
              inputMode="text"
              spellcheck={false}
              disabled={busy}
            />
          </label>
        )}
        {error !== null && <SignInError error={error} />}
        <button type="submit" class="button is-primary" disabled={busy}>
          {busy ? text.signIn.busy : text.signIn.submit}
        </button>
      </form>
    </main>
  );
}

function SignInError({ error }: { error: unknown }) {
  const { title, detail } = describe(error);
  // Being asked for more is no failure.
  const asks = error instanceof ApiError && error.code === 'totp_needed';
  return (
    <p class={asks ? 'notice' : 'notice is-bad'} role="alert">
      <span>
        <b>{title}</b> {detail}
      </span>
    </p>
  );
}

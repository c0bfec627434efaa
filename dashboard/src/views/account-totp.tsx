// One-time passwords of my own: on, with a secret that is confirmed by its first code; and off.
import type { TotpEnrolment, TotpState } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { Copyable } from '../ui/copy.tsx';
import { DialogButton, FormEnd, ToldOnce } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Line } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';

const words = text.account.totp;

/** Whether they are asked for, and the way to the other state. */
export function AccountTotp() {
  const { api } = useApp();
  const [state, setState] = useState<TotpState | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.totp().then(setState, setError);
  };
  useEffect(load, []);
  return (
    <section class="card panel" aria-labelledby="account-totp">
      <h2 id="account-totp">{words.title}</h2>
      {error !== null && <Failure error={error} retry={load} />}
      {state !== null && (
        <>
          <p data-totp={state.active ? 'on' : 'off'}>{state.active ? words.on(state.recoveryCodesLeft) : words.off}</p>
          <div class="actions is-start">
            {state.active ? (
              <DialogButton class="button is-danger" label={words.turnOff} title={words.turnOffTitle}>
                {close => <TurnOff close={close} done={load} />}
              </DialogButton>
            ) : (
              <DialogButton label={words.turnOn} title={words.turnOnTitle}>
                {close => <TurnOn close={close} done={load} />}
              </DialogButton>
            )}
          </div>
        </>
      )}
    </section>
  );
}

type StepProps = { close(): void; done(): void };

/** The password, then the secret and its first code, then the recovery codes. */
function TurnOn({ close, done }: StepProps) {
  const { api } = useApp();
  const action = useAction();
  const [password, setPassword] = useState('');
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);
  const [code, setCode] = useState('');
  const [codes, setCodes] = useState<string[] | null>(null);

  const begin = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      setEnrolment(await api.beginTotp(password));
      setPassword('');
    });
  };
  const confirm = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const { recoveryCodes } = await api.confirmTotp(code.trim());
      setEnrolment(null);
      setCodes(recoveryCodes);
    });
  };
  // Only now: the panel behind changes its button, and the dialogue with it.
  const finish = () => {
    close();
    done();
  };

  if (codes !== null) {
    const values = [{ label: words.recovery, value: codes.join('\n') }];
    return <ToldOnce title={words.recoveryWhy} values={values} close={finish} />;
  }
  if (enrolment === null) {
    return (
      <form onSubmit={begin}>
        <PasswordLine value={password} input={setPassword} />
        <FormEnd action={action} submit={words.next} disabled={password === ''} cancel={close} />
      </form>
    );
  }
  return (
    <form onSubmit={confirm}>
      <p>{words.scan}</p>
      <Copyable label={words.secret} value={enrolment.secret} />
      <p>
        <a href={enrolment.uri}>{words.link}</a>
      </p>
      <Line
        label={words.code}
        hint={words.codeHint}
        value={code}
        input={setCode}
        inputMode="numeric"
        autocomplete="one-time-code"
        maxLength={16}
        required
      />
      <FormEnd action={action} submit={words.confirm} disabled={code.trim() === ''} cancel={close} />
    </form>
  );
}

function TurnOff({ close, done }: StepProps) {
  const { api } = useApp();
  const action = useAction();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(await action.run(() => api.leaveTotp(password, code.trim())))) return;
    close();
    done();
  };
  return (
    <form onSubmit={submit}>
      <p>{words.turnOffWarning}</p>
      <PasswordLine value={password} input={setPassword} />
      <Line
        label={words.codeOrRecovery}
        value={code}
        input={setCode}
        autocomplete="one-time-code"
        maxLength={32}
        required
      />
      <FormEnd
        action={action}
        submit={words.turnOffSubmit}
        danger
        disabled={password === '' || code.trim() === ''}
        cancel={close}
      />
    </form>
  );
}

function PasswordLine({ value, input }: { value: string; input(value: string): void }) {
  return (
    <Line label={words.password} type="password" autocomplete="current-password" value={value} input={input} required />
  );
}

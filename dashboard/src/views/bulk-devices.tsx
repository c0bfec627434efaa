// Devices out of a CSV file. The secrets come with the answer alone: they are kept in this view until somebody has saved
// them and says so.
import { type BulkReport, limits } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatBytes, formatCount } from '../i18n/format.ts';
import { isTooLarge, secretsFile } from '../model/bulk-file.ts';
import { useApp } from '../ui/app-context.ts';
import { ConfirmButton, FormEnd } from '../ui/dialog.tsx';
import { saveFile } from '../ui/save-file.ts';
import { useAction } from '../ui/use-action.ts';
import { isUncertain } from './use-sending.ts';

const words = text.deviceAccess.bulk;
/** The file of refused lines is the person's own; the first tell what is wrong with it. */
const refusedShown = 20;

/** Either the form, or what came of it. */
export function BulkDevices() {
  const [report, setReport] = useState<BulkReport | null>(null);
  return (
    <section class="card panel is-wide" aria-labelledby="bulk-devices">
      <h2 id="bulk-devices">{words.title}</h2>
      {report === null ? <BulkForm done={setReport} /> : <Report report={report} forget={() => setReport(null)} />}
    </section>
  );
}

function BulkForm({ done }: { done(report: BulkReport): void }) {
  const { api } = useApp();
  const action = useAction();
  const [file, setFile] = useState<File | null>(null);
  const [unreadable, setUnreadable] = useState(false);
  const tooLarge = file !== null && isTooLarge(file.size);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (file === null) return;
    setUnreadable(false);
    void action.run(async () => {
      const csv = await file.text().catch(() => null);
      // A file that was changed or taken away after it was chosen: nothing was sent.
      if (csv === null) setUnreadable(true);
      else done(await api.createDevices(csv));
    });
  };
  return (
    <form class="panel-form" onSubmit={submit}>
      <p class="muted small">{words.intro(formatCount(limits.bulkDevicesMax))}</p>
      <pre class="example">{words.example}</pre>
      <label class="field">
        <span class="label">{words.choose}</span>
        <input
          type="file"
          accept=".csv,text/csv"
          onChange={event => setFile(event.currentTarget.files?.[0] ?? null)}
          required
        />
        {tooLarge && (
          <span class="hint bad" role="alert">
            {words.tooLarge(formatBytes(file.size), formatBytes(limits.requestBodyBytesMax))}
          </span>
        )}
      </label>
      {unreadable && (
        <p class="notice is-bad" role="alert">
          {words.unreadable}
        </p>
      )}
      {action.error !== null && isUncertain(action.error) && <p class="notice is-late">{words.uncertain}</p>}
      <FormEnd action={action} submit={action.busy ? words.busy : words.submit} disabled={file === null || tooLarge} />
    </form>
  );
}

function Report({ report, forget }: { report: BulkReport; forget(): void }) {
  const { devices, refused } = report;
  useEffect(() => {
    if (devices.length === 0) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [devices]);
  return (
    <div class="panel-form">
      <p role="status">
        <b>{words.made(formatCount(devices.length))}</b>
        {refused.length > 0 && <span class="bad"> · {words.refused(formatCount(refused.length))}</span>}
      </p>
      {devices.length > 0 && <p class="notice is-late">{words.once}</p>}
      <ul class="entries">
        {refused.slice(0, refusedShown).map(({ line, expected, got }) => (
          <li key={line} class="entry">
            <div class="entry-what">
              <p>
                <b>{words.line(line)}</b>: {words.why(expected, got)}
              </p>
            </div>
          </li>
        ))}
      </ul>
      {refused.length > refusedShown && (
        <p class="muted small">{words.more(formatCount(refused.length - refusedShown))}</p>
      )}
      <div class="actions is-start">
        {devices.length > 0 ? (
          <>
            <button
              type="button"
              class="button is-primary"
              onClick={() => saveFile(words.file, 'text/csv', secretsFile(report))}
            >
              {words.save}
            </button>
            <ConfirmButton
              label={words.done}
              title={words.doneTitle}
              warning={words.doneWarning}
              submit={words.doneSubmit}
              work={async () => forget()}
            />
          </>
        ) : (
          <button type="button" class="button" onClick={forget}>
            {words.another}
          </button>
        )}
      </div>
    </div>
  );
}

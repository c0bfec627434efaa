// The tags of a device: shown to everybody, set by administrators.
import { type Device, isTag, limits } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { linesOf, linesProblem } from '../model/scope-draft.ts';
import { useApp } from '../ui/app-context.ts';
import { DialogButton, FormEnd } from '../ui/dialog.tsx';
import { EntryProblem, Lines } from '../ui/fields.tsx';
import { useAction } from '../ui/use-action.ts';

/** `changed` gets the device as the gateway has it. */
export function DeviceTags({ device, changed }: { device: Device; changed(device: Device): void }) {
  const { session } = useApp();
  const editable = session.may('administrator');
  if (device.tags.length === 0 && !editable) return null;
  return (
    <div class="tags">
      <span class="muted">{text.tags.title}:</span>
      {device.tags.length === 0 && <span class="muted">{text.tags.none}</span>}
      {device.tags.map(tag => (
        <span key={tag} class="mark">
          {tag}
        </span>
      ))}
      {editable && (
        <DialogButton class="button is-small" label={text.tags.edit} title={text.tags.editTitle(device.id)}>
          {close => <TagsForm device={device} changed={changed} close={close} />}
        </DialogButton>
      )}
    </div>
  );
}

type FormProps = { device: Device; changed(device: Device): void; close(): void };

function TagsForm({ device, changed, close }: FormProps) {
  const { api } = useApp();
  const action = useAction();
  const [typed, setTyped] = useState(device.tags.join('\n'));
  const tags = linesOf(typed);
  const problem = linesProblem(tags, { fits: isTag, max: limits.tagsPerDeviceMax, min: 0 });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(async () => changed(await api.setTags(device.id, tags)))) close();
  };
  return (
    <form onSubmit={submit}>
      <Lines
        label={text.tags.field}
        hint={text.tags.hint(limits.tagsPerDeviceMax)}
        value={typed}
        rows={5}
        input={setTyped}
      />
      <EntryProblem problem={problem} />
      <FormEnd action={action} submit={text.tags.submit} disabled={problem !== null} cancel={close} />
    </form>
  );
}

// Below a chart: voiding a range of its metric, for those who may, and the ranges that were voided.
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import type { VoidForm } from '../model/void-form.ts';
import { useApp } from '../ui/app-context.ts';
import { VoidRangeForm } from './void-form.tsx';
import { VoidedRanges } from './void-list.tsx';

type Props = {
  device: string;
  metric: string;
  /** Null while nobody voids anything. */
  form: VoidForm | null;
  markable: boolean;
  open(): void;
  close(): void;
  /** Readings are left out, or are back: the chart has to be loaded again. */
  changed(): void;
};

/** Two quiet buttons until one is pressed. */
export function VoidTools({ device, metric, form, markable, open, close, changed }: Props) {
  const { session } = useApp();
  const [listed, setListed] = useState(false);
  const [turn, setTurn] = useState(0);
  const [done, setDone] = useState(false);
  const restored = () => {
    setDone(false);
    changed();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold the forms that are in it
    <div class="void-tools" role="group" aria-label={text.voids.tools(metric)}>
      <div class="void-buttons">
        <button
          type="button"
          class="button is-small is-quiet"
          aria-expanded={listed}
          onClick={() => setListed(before => !before)}
        >
          {text.voids.list}
        </button>
        {session.may('operator') && (
          <button
            type="button"
            class="button is-small is-quiet"
            aria-expanded={form !== null}
            onClick={() => {
              setDone(false);
              form === null ? open() : close();
            }}
          >
            {text.voids.open}
          </button>
        )}
        <span class="small muted" role="status">
          {done && text.voids.done}
        </span>
      </div>
      {form !== null && session.may('operator') && (
        <VoidRangeForm
          form={form}
          markable={markable}
          changed={() => {
            setTurn(before => before + 1);
            changed();
          }}
          close={voided => {
            setDone(voided);
            close();
          }}
        />
      )}
      {listed && <VoidedRanges device={device} metric={metric} turn={turn} restored={restored} />}
    </div>
  );
}

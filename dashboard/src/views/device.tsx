// One device: who it is, what it says now, what it said, and what it was told.

import type { Device, Latest, LiveEvent } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { isSeen } from '../model/latest-table.ts';
import { openWatch } from '../model/watch.ts';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { Link } from '../ui/link.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { CommandPanel } from './command-panel.tsx';
import { DeviceAccessPanel } from './device-access-panel.tsx';
import { DeviceCharts } from './device-charts.tsx';
import { ControlGate, DeviceControlLine, useDeviceControl } from './device-control.tsx';
import { DeviceHead } from './device-head.tsx';
import { DeviceValues } from './device-values.tsx';
import { StatePanel } from './state-panel.tsx';

/** The values of one device are looked at closely; faster than this nobody reads. */
const valuesIntervalMs = 100;

/** Loads the device over REST, then keeps it true over the connection. What one acts with stands before the charts. */
export function DeviceView({ id }: { id: string }) {
  const app = useApp();
  const watch = useOpened(
    () => openWatch(app.connection, { device: [id], intervalMs: valuesIntervalMs }, app.batcher),
    [id],
  );
  const control = useDeviceControl(id);
  const { device, latest, error, reload, put } = useDevice(id);
  if (error !== null && device === null) {
    return (
      <>
        <Failure error={error} retry={reload} />
        <Link to={{ name: 'fleet' }}>{text.toFleet}</Link>
      </>
    );
  }
  if (device === null || watch === null) return <p class="loading">{text.loading}</p>;
  // Lines first, timelines of states after them.
  const series = watch
    .device(id)
    .value.filter(isSeen)
    .map(entry => entry.series)
    .sort((a, b) => Number(a.type !== 'number') - Number(b.type !== 'number'));
  return (
    <div class="device">
      <DeviceHead device={device} changed={put} />
      <DeviceControlLine model={control} />
      <nav class="parts" aria-label={text.device.parts}>
        <a href="#state">{text.state.part}</a>
        <a href="#commands">{text.command.part}</a>
        {series.length > 0 && <a href="#history">{text.device.charts}</a>}
        {app.session.may('operator') && <a href="#access">{text.title['device-access']}</a>}
      </nav>
      {watch.refused.value !== null && <p class="notice is-bad">{watch.refused.value}</p>}
      <section class={series.length === 0 ? 'device-nothing' : undefined} aria-label={text.device.values}>
        <DeviceValues id={id} watch={watch} />
      </section>
      <section class="card state" id="state" aria-label={text.state.title}>
        <ControlGate model={control} quiet>
          <StatePanel device={device} />
        </ControlGate>
      </section>
      <aside id="commands" aria-label={text.command.part}>
        <CommandPanel device={device} control={control} />
      </aside>
      {series.length > 0 && (
        <section class="device-charts" id="history" aria-label={text.device.charts}>
          <DeviceCharts id={id} series={series} latest={latest} watch={watch} />
        </section>
      )}
      {app.session.may('operator') && (
        <section class="panels" id="access" aria-label={text.title['device-access']}>
          <DeviceAccessPanel id={id} presence={device.presence.since} />
        </section>
      )}
    </div>
  );
}

function useDevice(id: string) {
  const { api, connection, batcher } = useApp();
  const [device, setDevice] = useState<Device | null>(null);
  const [latest, setLatest] = useState<Latest | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    const load = async () => {
      try {
        const [nextDevice, nextLatest] = await Promise.all([api.device(id), api.latest(id)]);
        if (!current) return;
        setDevice(nextDevice);
        setLatest(nextLatest);
        setError(null);
      } catch (reason) {
        if (current) setError(reason);
      }
    };
    void load();
    const heard = (event: LiveEvent) => {
      if (event.device !== id) return;
      if (event.kind === 'device') void load();
      if (event.kind !== 'presence') return;
      const { state, since, cause } = event;
      setDevice(before => before && { ...before, presence: { state, since, cause } });
    };
    const unlisten = connection.listen({
      event: event => batcher(() => heard(event)),
      // What happened without a connection was not heard.
      state: state => state.name === 'open' && void load(),
      gap: () => void load(),
    });
    return () => {
      current = false;
      unlisten();
    };
  }, [id, turn]);
  return { device, latest, error, reload: () => setTurn(before => before + 1), put: setDevice };
}

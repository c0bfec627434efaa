// What can be sent to a device, kept true: loaded again after a reconnect, and where the device gets other tags or
// another model.
import type { CommandTypePage, Device } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
import { sharedTypes } from '../model/shared-types.ts';
import { useApp } from '../ui/app-context.ts';

export type Offer = { types: CommandTypePage | null; error: unknown; reload(): void };

export function useCommandTypes({ id, tags, attributes }: Device): Offer {
  const { api, connection } = useApp();
  const [types, setTypes] = useState<CommandTypePage | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  const reload = () => setTurn(before => before + 1);
  useEffect(() => {
    let current = true;
    api.deviceCommandTypes(id).then(
      page => {
        if (!current) return;
        setTypes(page);
        setError(null);
      },
      reason => {
        if (current) setError(reason);
      },
    );
    return () => {
      current = false;
    };
  }, [id, turn, tags.join('/'), attributes.model]);
  useEffect(() => connection.listen({ state: state => state.name === 'open' && reload() }), [id]);
  return { types, error, reload };
}

/** Devices of a group that are asked for their types; of all others the gateway checks it when the group is made. */
const sampledMax = 6;

/** What the first of these devices have in common; any command while that is not known. */
export function useSharedTypes(devices: readonly string[]): ReturnType<typeof sharedTypes> {
  const { api } = useApp();
  const [offers, setOffers] = useState<readonly CommandTypePage[]>([]);
  const sampled = devices.slice(0, sampledMax);
  useEffect(() => {
    let current = true;
    setOffers([]);
    Promise.all(sampled.map(device => api.deviceCommandTypes(device))).then(
      pages => current && setOffers(pages),
      // The free form does without.
      () => {},
    );
    return () => {
      current = false;
    };
  }, [sampled.join('/')]);
  return sharedTypes(offers);
}

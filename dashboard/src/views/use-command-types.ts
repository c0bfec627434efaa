// What can be sent to a device, kept true: loaded again after a reconnect, and where the device gets other tags or
// another model.
import type { CommandTypePage, Device } from '@telltale/gateway/contract';
import { useEffect, useState } from 'preact/hooks';
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

// The calls about a device's desired and reported state.
import type { DesiredChange, DeviceState, StateChangePage } from '@telltale/gateway/contract';
import { type Call, type ListQuery, queryText } from './rest-call.ts';

/** Joins the client in rest.ts. */
export function stateCalls(call: Call) {
  const state = (id: string) => `/devices/${encodeURIComponent(id)}/state`;
  return {
    deviceState: (id: string) => call<DeviceState>('GET', state(id)),
    /** `version` is the one that was seen: where it is another by now, the gateway answers 412. */
    changeDesired: (id: string, change: DesiredChange, version: number) =>
      call<DeviceState>('PATCH', `${state(id)}/desired`, change, { headers: { 'if-match': `"${version}"` } }),
    stateHistory: (id: string, query: ListQuery) =>
      call<StateChangePage>('GET', `${state(id)}/history${queryText(query)}`),
  };
}

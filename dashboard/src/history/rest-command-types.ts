// The calls about command types: what can be sent to a device.
import { type CommandTypePage, limits } from '@telltale/gateway/contract';
import { type Call, queryText } from './rest-call.ts';

/** Joins the client in rest.ts. */
export function commandTypeCalls(call: Call) {
  return {
    deviceCommandTypes: (device: string) =>
      call<CommandTypePage>(
        'GET',
        `/devices/${encodeURIComponent(device)}/command-types${queryText({ limit: limits.pageRowsMax })}`,
      ),
  };
}

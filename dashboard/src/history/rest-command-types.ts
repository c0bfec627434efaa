// The calls about command types: what can be sent to which devices, and what administrators make of that.
import {
  type CommandType,
  type CommandTypePage,
  type CommandTypeRequest,
  type CommandTypeTarget,
  type GroupPreview,
  limits,
} from '@telltale/gateway/contract';
import { type Call, type ListQuery, queryText } from './rest-call.ts';

/** Joins the client in rest.ts. */
export function commandTypeCalls(call: Call) {
  const type = (id: string) => `/command-types/${encodeURIComponent(id)}`;
  return {
    deviceCommandTypes: (device: string) =>
      call<CommandTypePage>(
        'GET',
        `/devices/${encodeURIComponent(device)}/command-types${queryText({ limit: limits.pageRowsMax })}`,
      ),
    commandTypes: (query: ListQuery) => call<CommandTypePage>('GET', `/command-types${queryText(query)}`),
    commandType: (id: string) => call<CommandType>('GET', type(id)),
    putCommandType: (id: string, request: CommandTypeRequest) => call<CommandType>('PUT', type(id), request),
    deleteCommandType: (id: string) => call<void>('DELETE', type(id)),
    previewCommandType: (target: CommandTypeTarget) => call<GroupPreview>('POST', '/command-types/preview', target),
  };
}

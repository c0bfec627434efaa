// The calls about groups of commands.
import type {
  CommandGroup,
  CommandPage,
  GroupPage,
  GroupPreview,
  GroupRequest,
  GroupTarget,
} from '@telltale/gateway/contract';
import { type Call, type ListQuery, queryText } from './rest-call.ts';

/** Joins the client in rest.ts. */
export function groupCalls(call: Call) {
  const group = (id: string) => `/command-groups/${encodeURIComponent(id)}`;
  return {
    previewGroup: (target: GroupTarget) => call<GroupPreview>('POST', '/command-groups/preview', target),
    createGroup: (request: GroupRequest, key: string) =>
      call<CommandGroup>('POST', '/command-groups', request, { headers: { 'idempotency-key': key } }),
    groups: (query: ListQuery) => call<GroupPage>('GET', `/command-groups${queryText(query)}`),
    group: (id: string) => call<CommandGroup>('GET', group(id)),
    failedInGroup: (id: string, query: ListQuery) =>
      call<CommandPage>('GET', `${group(id)}/commands${queryText({ ...query, failed: 'true' })}`),
    stopGroup: (id: string, reason: string) =>
      call<CommandGroup>('POST', `${group(id)}/stop`, reason === '' ? {} : { reason }),
    approveGroup: (id: string) => call<CommandGroup>('POST', `${group(id)}/approve`),
  };
}

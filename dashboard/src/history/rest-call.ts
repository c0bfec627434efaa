// What the parts of the REST client share: how a call is made, and how a query is written.

export type ListQuery = { limit?: number; cursor?: string | null };
export type Query = Record<string, string | number | null | undefined>;

/** `body` is sent as JSON, a text as it is with the type that the headers say. Throws ApiError. */
export type Call = <Answer>(
  method: string,
  path: string,
  body?: unknown,
  more?: { headers?: Record<string, string>; timeoutMs?: number },
) => Promise<Answer>;

/** With its question mark; what is null, undefined or empty is left out. */
export function queryText(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}`;
}

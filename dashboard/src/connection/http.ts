// What the client needs of HTTP. The browser's `fetch` and Node's own both fit.

export type HttpRequest = {
  method: 'POST';
  headers: Record<string, string>;
  body: string;
  credentials: 'same-origin';
  cache: 'no-store';
  signal?: AbortSignal;
};

/** The parts of an answer that are read: its text as a whole, or its bytes as they come. */
export type HttpResponse = {
  readonly ok: boolean;
  readonly status: number;
  readonly body: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> } } | null;
  text(): Promise<string>;
};

export type Fetch = (url: string, request: HttpRequest) => Promise<HttpResponse>;

export type HttpOptions = {
  /** Where the API is, such as `https://host/api/v1`. */
  url: string;
  /** Called without a `this`. */
  fetch: Fetch;
  /** Sent with every request, such as `Authorization` where there is no cookie. */
  headers?: Record<string, string>;
};

/** Sends `body` as JSON. Rejects where nothing was answered. */
export function post(
  { url, fetch, headers }: HttpOptions,
  path: string,
  body: unknown,
  more: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<HttpResponse> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers, ...more.headers },
    body: JSON.stringify(body),
    credentials: 'same-origin',
    cache: 'no-store',
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
}

const closeByStatus: Record<number, number> = { 400: 4400, 401: 4401, 403: 4403, 413: 4400, 429: 4429 };

/** What the close code of a WebSocket would have been. */
export async function closeCodeOf(response: HttpResponse): Promise<number> {
  if (response.status === 503 && (await readObject(response))?.code === 'closing') return 1001;
  return closeByStatus[response.status] ?? 1006;
}

/** The object that the gateway answers with; null where something between answered in its own words. */
export async function readObject(response: HttpResponse): Promise<Record<string, unknown> | null> {
  try {
    const parsed: unknown = JSON.parse(await response.text());
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

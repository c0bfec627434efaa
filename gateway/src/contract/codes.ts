// Every way in which something is refused, ended or dropped, in one frozen table: what it is called, which HTTP
// status and WebSocket close code it becomes, and whether trying the same again can help.

export type Retry = 'no' | 'later' | 'after-change';

export type CodeEntry = {
  /** One line for people; details come beside it. */
  title: string;
  /** HTTP status, and the status of a WebSocket `err` frame. */
  status: number;
  /** WebSocket close code where the fault ends the connection. */
  close?: number;
  retry: Retry;
};

const table = {
  // What the sender got wrong
  bad_request: { title: 'The request cannot be understood', status: 400, retry: 'after-change' },
  bad_message: { title: 'The frame cannot be understood', status: 400, close: 4400, retry: 'after-change' },
  too_large: { title: 'Larger than is accepted', status: 413, close: 4400, retry: 'after-change' },
  not_signed_in: { title: 'Sign in first', status: 401, close: 4401, retry: 'after-change' },
  sign_in_failed: { title: 'Name or password is wrong', status: 401, retry: 'after-change' },
  totp_needed: { title: 'The one-time password is asked for, too', status: 401, retry: 'after-change' },
  totp_wrong: { title: 'The one-time password is wrong or was used', status: 401, retry: 'after-change' },
  code_spent: { title: 'The sign-in link was used already or is too old', status: 401, retry: 'after-change' },
  forbidden: { title: 'Not allowed', status: 403, close: 4403, retry: 'no' },
  origin_refused: { title: 'This page may not speak to this gateway', status: 403, close: 4403, retry: 'no' },
  host_unknown: { title: 'This gateway does not go by that name', status: 421, retry: 'no' },
  unsupported_type: { title: 'Not a type of body that is read', status: 415, retry: 'after-change' },
  not_found: { title: 'There is no such thing', status: 404, retry: 'no' },
  version_changed: { title: 'It was changed meanwhile', status: 412, retry: 'after-change' },
  version_needed: { title: 'Say which version you change', status: 428, retry: 'after-change' },
  params_refused: { title: 'The command does not take these parameters', status: 422, retry: 'after-change' },
  confirm_needed: { title: 'This is dangerous and has to be confirmed', status: 422, retry: 'after-change' },
  controlled: { title: 'Somebody else controls this device', status: 409, retry: 'later' },
  conflict: { title: 'It is there already', status: 409, retry: 'no' },
  version_unsupported: { title: 'Unknown protocol version', status: 400, close: 4406, retry: 'no' },
  heartbeat_lost: { title: 'Nothing was heard for too long', status: 408, close: 4408, retry: 'later' },
  too_many: { title: 'Too many', status: 429, close: 4429, retry: 'later' },
  unprocessable: { title: 'Understood, but not possible', status: 422, retry: 'after-change' },

  // What the gateway cannot do now
  internal: { title: 'A fault of the gateway', status: 500, retry: 'later' },
  store_full: { title: 'The disk is full: nothing new is taken in', status: 503, retry: 'later' },
  store_busy: { title: 'The store has fallen behind', status: 503, retry: 'later' },
  closing: { title: 'The gateway is closing', status: 503, close: 1001, retry: 'later' },
  stream_over: { title: 'The stream has run for long enough: open it again', status: 503, close: 1001, retry: 'later' },
  rights_changed: { title: 'What you may see has changed: connect again', status: 503, close: 4410, retry: 'later' },

  // Why a payload became a dead letter ([ING-2])
  payload_not_json: { title: 'The payload is not JSON', status: 400, retry: 'no' },
  payload_not_utf8: { title: 'The payload is not UTF-8', status: 400, retry: 'no' },
  payload_empty: { title: 'The payload is empty', status: 400, retry: 'no' },
  payload_shape: { title: 'JSON, but not of a known shape', status: 400, retry: 'no' },
  payload_too_large: { title: 'Too many readings in one message', status: 413, retry: 'no' },
  value_type: { title: 'A value is neither number, boolean nor text', status: 400, retry: 'no' },
  value_too_long: { title: 'A text is too long', status: 413, retry: 'no' },
  metric_name: { title: 'Not a name for a metric', status: 400, retry: 'no' },
  metric_limit: { title: 'The device has too many metrics', status: 429, retry: 'no' },
  timestamp: { title: 'Not a time', status: 400, retry: 'no' },
  topic_unknown: { title: 'No convention knows this topic', status: 404, retry: 'no' },

  // Why a device's connection was ended, or not let in ([BRK-1] to [BRK-4])
  mqtt_malformed: { title: 'The bytes are not MQTT 3.1.1', status: 400, retry: 'after-change' },
  mqtt_too_large: { title: 'The MQTT packet is too large', status: 413, retry: 'after-change' },
  mqtt_text: { title: 'A text in an MQTT packet is not sound UTF-8', status: 400, retry: 'after-change' },
  mqtt_order: { title: 'CONNECT has to come first, and once', status: 400, retry: 'after-change' },
  mqtt_version: { title: 'Only MQTT 3.1.1 and 3.1 are spoken', status: 400, retry: 'after-change' },
  mqtt_client_id: { title: 'The client id is missing or too long', status: 400, retry: 'after-change' },
  mqtt_will: { title: 'The will cannot be taken', status: 400, retry: 'after-change' },
  mqtt_topic: { title: 'Not a topic to publish to', status: 400, retry: 'after-change' },
  mqtt_filter: { title: 'Not a filter to subscribe to', status: 400, retry: 'after-change' },
  mqtt_message_id: { title: 'A message id is missing', status: 400, retry: 'after-change' },
  mqtt_connect_timeout: { title: 'CONNECT did not come in time', status: 408, retry: 'later' },
  mqtt_keep_alive: { title: 'The device fell silent', status: 408, retry: 'later' },
  mqtt_unread: { title: 'The device does not read what is sent to it', status: 429, retry: 'later' },
  mqtt_sign_in: { title: 'Name or secret of the device is wrong', status: 401, retry: 'after-change' },
  mqtt_connections: { title: 'Too many connections of devices', status: 429, retry: 'later' },
  mqtt_fault: { title: 'A fault of the gateway ended the connection', status: 500, retry: 'later' },

  // Why a viewer missed a part of the log
  gap_slow: { title: 'The viewer fell too far behind', status: 200, retry: 'no' },
  gap_trimmed: { title: 'The log no longer reaches back that far', status: 200, retry: 'no' },
  gap_epoch: { title: 'The log was begun anew', status: 200, retry: 'no' },
} satisfies Record<string, CodeEntry>;

export type Code = keyof typeof table;

/** By code, what everybody outside is told. */
export const codes: Readonly<Record<Code, CodeEntry>> = Object.freeze(table);

/**
 * WebSocket close codes and what a client does about each: `reconnect` with back-off, `sign-in` first, or `stop`
 * because the same would happen again.
 */
export const closeCodes = Object.freeze({
  1000: { means: 'done', client: 'stop' },
  1001: { means: 'the gateway is closing', client: 'reconnect' },
  1006: { means: 'the connection broke', client: 'reconnect' },
  1009: { means: 'frame too large', client: 'stop' },
  1011: { means: 'a fault of the gateway', client: 'reconnect' },
  1012: { means: 'the gateway restarts', client: 'reconnect' },
  4400: { means: 'bad message', client: 'stop' },
  4401: { means: 'not signed in', client: 'sign-in' },
  4403: { means: 'forbidden', client: 'stop' },
  4406: { means: 'unsupported version', client: 'stop' },
  4408: { means: 'heartbeat lost', client: 'reconnect' },
  4410: { means: 'what the viewer may see has changed', client: 'reconnect' },
  4429: { means: 'too many', client: 'reconnect' },
} as const);

export type CloseAction = 'reconnect' | 'sign-in' | 'stop';

/** What a client does after the given close code; unknown codes mean `reconnect`. */
export function closeAction(code: number): CloseAction {
  return (closeCodes as Record<number, { client: CloseAction }>)[code]?.client ?? 'reconnect';
}

/** One thing that was wrong: `where` is a path such as `params.rpm`. */
export type FieldProblem = { where: string; expected: string; got: string };

/**
 * The one error of the control path. `detail` says what was expected and what came; it never holds a secret. `errors`
 * says the same field by field, where a form can show it.
 */
export class Refusal extends Error {
  readonly code: Code;
  readonly detail: string | undefined;
  readonly errors: FieldProblem[] | undefined;

  constructor(code: Code, detail?: string, errors?: FieldProblem[]) {
    super(detail === undefined ? codes[code].title : `${codes[code].title}: ${detail}`);
    this.name = 'Refusal';
    this.code = code;
    this.detail = detail;
    this.errors = errors;
  }

  get status(): number {
    return codes[this.code].status;
  }
}

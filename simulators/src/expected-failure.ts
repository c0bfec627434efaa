// A fault that people can do something about: it is shown as its one sentence, without a stack, and decides the exit
// status.

/** Exit statuses: 1 for what may pass when it is tried again, 78 (EX_CONFIG) for what has to be changed first. */
export const exitStatus = Object.freeze({ failed: 1, configuration: 78 });

/** A failure with a sentence for people. The sentence never holds a secret. */
export class ExpectedFailure extends Error {
  readonly status: number;

  constructor(sentence: string, status: number = exitStatus.failed) {
    super(sentence);
    this.name = 'ExpectedFailure';
    this.status = status;
  }
}

const lineReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be resolved now',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
};

/** Why a connection failed, in words. */
export function lineReason(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? inner.code : '';
  return lineReasons[code] ?? (inner instanceof Error ? inner.message || code : String(inner));
}

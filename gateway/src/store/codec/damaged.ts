// The error of stored bytes that cannot be what was once written.

/** Thrown by every decoder of this folder where the bytes are not what an encoder writes. */
export class DamagedError extends Error {
  readonly code = 'damaged';
}

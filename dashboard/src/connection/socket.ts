// What the client needs of a WebSocket. The browser's and Node's own both fit.

/** The parts of the events that are read. */
export type SocketEvent = { data?: unknown; code?: number; reason?: string };

/** An open or opening socket. */
export type SocketLike = {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void;
};

/** A constructor such as `WebSocket`. A class that extends it can add headers where the platform has them. */
export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

/** `readyState` of a socket that can send. */
export const socketOpen = 1;

// Where devices connect: the plain listener and the one with TLS. Both hand each connection to the broker ([ACC-10]).
// Full: so many handshakes at a time, in all and from one address; a further connection is closed at once.
import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { networkOf } from '../lib/forwarded.ts';
import type { ReloadedTls } from '../lib/tls-reload.ts';

export type ListenerConfig = {
  host: string;
  /** Null for no plain listener. */
  port: number | null;
  tls: { host: string; port: number; requireClientCert: boolean };
};

export type ListenerPorts = {
  /** Null for no listener with TLS. */
  tls: ReloadedTls | null;
  /** `subject` is the name that a certificate proved; where there is none it takes a secret. */
  accept(socket: Socket, subject?: string): void;
};

/** Null where the listener is not wanted. */
export type ListenerPortNumbers = { port: number | null; tlsPort: number | null };

/** A device on a poor line needs seconds; a connection that says nothing is not kept for more. */
const handshakeMsMax = 10_000;
/** Handshakes that are under way. Each holds some 50 KB, and takes a millisecond or two of the processor. */
const handshakesMax = 1_000;
/** From one address; whole sites come back at once from behind one. */
const handshakesPerAddressMax = 200;

/** Tells a connection from all others of the listener, before and after its handshake. */
const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress}|${remotePort}`;

export class Listeners {
  private readonly config: ListenerConfig;
  private readonly ports: ListenerPorts;
  private readonly servers: Server[] = [];
  /** Handshakes under way: by address and port, the address; and how many of each address. */
  private readonly handshakes = new Map<string, string>();
  private readonly perAddress = new Map<string, number>();
  /** Connections that came in by a certificate; at most as many as the broker takes. */
  private readonly byCertificate = new Set<TLSSocket>();

  constructor(config: ListenerConfig, ports: ListenerPorts) {
    this.config = config;
    this.ports = ports;
  }

  /** Begins to listen. Rejects where an address cannot be had; nothing is left open then. */
  async open(): Promise<ListenerPortNumbers> {
    try {
      return await this.openAll();
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  private async openAll(): Promise<ListenerPortNumbers> {
    const { config, ports } = this;
    const { tls } = ports;
    const plain = (port: number) => this.listen(socket => ports.accept(socket), config.host, port, true);
    const port = config.port === null ? null : await plain(config.port);
    if (tls === null) return { port, tlsPort: null };
    const secure = this.secureServer(tls);
    const { host, port: secureAt } = config.tls;
    const tlsPort = await this.listen(socket => this.begin(socket, secure, tls), host, secureAt, false);
    return { port, tlsPort };
  }

  /** Takes no more connections; those that are there stay. */
  stop(): void {
    for (const server of this.servers.splice(0)) server.close();
  }

  private listen(
    accept: (socket: Socket) => void,
    host: string,
    port: number,
    pauseOnConnect: boolean,
  ): Promise<number> {
    // Nothing is read before the connection was let in; a handshake has to be, which has limits of its own.
    const server = createServer({ noDelay: true, pauseOnConnect }, accept);
    this.servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Does handshakes on sockets that others accepted; it never listens itself. */
  private secureServer(tls: ReloadedTls): TlsServer {
    const options = () => {
      const { options: found } = tls.material;
      // Certificates are judged by what is revoked now: no connection resumes what was judged before.
      return found.ca === undefined ? found : { ...found, secureOptions: constants.SSL_OP_NO_TICKET };
    };
    const server = createSecureServer({
      ...options(),
      handshakeTimeout: handshakeMsMax,
      requestCert: tls.material.options.ca !== undefined,
      // Judged in `secured`: who shows no certificate may still sign in with a secret.
      rejectUnauthorized: false,
    });
    server.on('secureConnection', socket => this.secured(socket, tls));
    server.on('tlsClientError', (_error, socket) => {
      tls.counters.handshakesFailed++;
      socket.destroy();
    });
    tls.onChange((now, before) => {
      server.setSecureContext(options());
      if (now.trustFingerprint === before.trustFingerprint) return;
      // Whom the new list knows comes back at once.
      tls.counters.endedByNewTrust += this.byCertificate.size;
      for (const socket of this.byCertificate) socket.destroy();
    });
    return server;
  }

  private begin(socket: Socket, secure: TlsServer, { counters }: ReloadedTls): void {
    const peer = peerOf(socket);
    // Gone before it was looked at.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const address = networkOf(socket.remoteAddress);
    const fromHere = this.perAddress.get(address) ?? 0;
    if (this.handshakes.size >= handshakesMax || fromHere >= handshakesPerAddressMax) {
      counters.handshakesRefused++;
      socket.destroy();
      return;
    }
    this.handshakes.set(peer, address);
    this.perAddress.set(address, fromHere + 1);
    socket.once('close', () => this.over(peer));
    secure.emit('connection', socket);
  }

  /** A handshake is over, however it ended. */
  private over(peer: string): void {
    const address = this.handshakes.get(peer);
    if (address === undefined || !this.handshakes.delete(peer)) return;
    const left = (this.perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.perAddress.set(address, left);
    else this.perAddress.delete(address);
  }

  private secured(socket: TLSSocket, { counters }: ReloadedTls): void {
    this.over(peerOf(socket));
    const isAnonymous = socket.getPeerX509Certificate() === undefined;
    if (isAnonymous && !this.config.tls.requireClientCert) return this.ports.accept(socket);
    // The name of a device; of several in one subject none can be told to be the one that is meant.
    const subject: unknown = isAnonymous ? undefined : socket.getPeerCertificate().subject.CN;
    if (!socket.authorized || typeof subject !== 'string') {
      counters.handshakesFailed++;
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    this.byCertificate.add(socket);
    socket.once('close', () => this.byCertificate.delete(socket));
    this.ports.accept(socket, subject);
  }
}

// The program: reads the command line, runs the gateway until it is told to stop, and says in one sentence what keeps
// it from running.
import { codeMs, makeSecret, parseRole } from './access/index.ts';
import { type Config, ConfigError, type Invocation, readInvocation } from './config/index.ts';
import { startGateway } from './gateway.ts';
import { endOnFaults, endOnSignals } from './lifetime.ts';
import { createLogger } from './logger.ts';
import { type Effect, StoreUnusable, writeBeside } from './store/index.ts';
import { secretEffect } from './tables.ts';
import { backup, restore, verify } from './tool-backup.ts';
import { exportFile, importFile } from './tool-transfer.ts';

/** EX_CONFIG of sysexits.h: something is wrong with the configuration, and starting again will not help. */
const configStatus = 78;

function die(sentence: string, status: number): never {
  process.stderr.write(`telltale: ${sentence}\n`);
  process.exit(status);
}

/** An address for people: where the gateway listens on every address, this machine's own. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function sentenceFor(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  const place = `${error.address ?? ''}:${error.port ?? ''}`;
  if (error.code === 'EADDRINUSE') {
    return `${place} is taken by another program: stop that, or choose another with http.port or mqtt.port`;
  }
  if (error.code === 'EACCES' && error.syscall === 'listen') return `${place} may not be listened on by this user`;
  if (error.code === 'EADDRNOTAVAIL') return `${place} is not an address of this machine: see http.host and mqtt.host`;
  if (error instanceof StoreUnusable) return error.message;
  return error.stack ?? error.message;
}

async function run(config: Config): Promise<void> {
  const log = createLogger(config.log);
  const broken = endOnFaults(log);
  const gateway = await startGateway(config, { log, broken }).catch(error => die(sentenceFor(error as Error), 1));

  if (gateway.adminPassword !== null) {
    process.stdout.write(`first start: user admin, password ${gateway.adminPassword} (shown this once)\n`);
  }
  const http = `http://${reachable(config.http.host)}:${gateway.httpPort}`;
  process.stdout.write(`ready ${http} mqtt://${reachable(config.mqtt.host)}:${gateway.mqttPort}\n`);
  endOnSignals(log, () => gateway.close());
}

function createToken({ config, name, role, days, replace }: Invocation & { command: 'token-create' }): void {
  const known = parseRole(role);
  if (known === null)
    throw new ConfigError([`--role: expected viewer, operator or admin, got ${JSON.stringify(role)}`]);
  if (days !== null && !(days > 0)) throw new ConfigError([`--days: expected a number above 0, got ${days}`]);
  const expiresAt = days === null ? null : Date.now() + days * 86_400_000;
  const { secret, record } = makeSecret('token', name, known, expiresAt);
  const effects: Effect[] = replace ? [['secret.deleteNamed', 'token', name]] : [];
  writeBeside(config.store.dir, [...effects, secretEffect(record)]);
  process.stdout.write(`${secret}\n`);
}

/** The code travels in the fragment, which no server and no log sees ([ACC-1]). */
function createLink({ config, user }: Invocation & { command: 'sign-in-link' }): void {
  const { secret, record } = makeSecret('code', user, 'viewer', Date.now() + codeMs);
  writeBeside(config.store.dir, [secretEffect(record)]);
  process.stdout.write(`http://${reachable(config.http.host)}:${config.http.port}/#code=${secret}\n`);
}

async function main(): Promise<void> {
  // What is written here is for this user alone, whatever the folder's own rights are.
  process.umask(0o077);
  const invocation = readInvocation(process.argv.slice(2), process.env);
  switch (invocation?.command) {
    case 'run':
      return run(invocation.config);
    case 'token-create':
      return createToken(invocation);
    case 'sign-in-link':
      return createLink(invocation);
    case 'backup':
      return backup(invocation.config, invocation.file);
    case 'restore':
      return restore(invocation.config, invocation.file);
    case 'verify':
      return verify(invocation.file);
    case 'import':
      return importFile(invocation);
    case 'export':
      return exportFile(invocation);
  }
}

main().catch(error => {
  if (error instanceof ConfigError) die(error.message, configStatus);
  die(sentenceFor(error as Error), 1);
});

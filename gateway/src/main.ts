// The program: reads the command line, runs the gateway until it is told to stop, and says in one sentence what keeps
// it from running.
import { codeMs, makeSecret, parseRole } from './access/index.ts';
import { addressesOf, httpAddress } from './addresses.ts';
import { type Config, ConfigError, type Invocation, readInvocation } from './config/index.ts';
import { startGateway } from './gateway.ts';
import { TlsProblem } from './lib/tls-material.ts';
import { endOnFaults, endOnSignals } from './lifetime.ts';
import { createLogger } from './logger.ts';
import { type Effect, StoreUnusable, writeBeside } from './store/index.ts';
import { secretEffect } from './tables.ts';
import { toolLine } from './tool-audit.ts';
import { backup, restore, verify } from './tool-backup.ts';
import { exportFile, importFile } from './tool-transfer.ts';

/** EX_CONFIG of sysexits.h: something is wrong with the configuration, and starting again will not help. */
const configStatus = 78;

function die(sentence: string, status: number): never {
  process.stderr.write(`telltale: ${sentence}\n`);
  process.exit(status);
}

function sentenceFor(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  const place = `${error.address ?? ''}:${error.port ?? ''}`;
  if (error.code === 'EADDRINUSE') {
    return `${place} is taken by another program: stop that, or choose another with http.port or mqtt.port`;
  }
  if (error.code === 'EACCES' && error.syscall === 'listen') return `${place} may not be listened on by this user`;
  if (error.code === 'EADDRNOTAVAIL') return `${place} is not an address of this machine: see http.host and mqtt.host`;
  if (error instanceof StoreUnusable || error instanceof TlsProblem) return error.message;
  return error.stack ?? error.message;
}

async function run(config: Config): Promise<void> {
  const log = createLogger(config.log);
  const broken = endOnFaults(log);
  const gateway = await startGateway(config, { log, broken }).catch(error => die(sentenceFor(error as Error), 1));

  if (gateway.adminPassword !== null) {
    process.stdout.write(`first start: user admin, password ${gateway.adminPassword} (shown this once)\n`);
  }
  // Before it says that it is ready: whoever reads that may end it with the next breath.
  endOnSignals(log, () => gateway.close());
  // Without a certificate the signal means what it always does: the terminal is gone.
  if (config.http.tls.cert !== null || config.mqtt.tls.cert !== null) {
    process.on('SIGHUP', () => void gateway.reloadCertificates());
  }
  process.stdout.write(`ready ${addressesOf(config, gateway)}\n`);
}

function createToken({ config, name, role, days, replace, ...its }: Invocation & { command: 'token-create' }): void {
  const known = parseRole(role);
  if (known === null)
    throw new ConfigError([`--role: expected viewer, operator or admin, got ${JSON.stringify(role)}`]);
  if (days !== null && !(days > 0)) throw new ConfigError([`--days: expected a number above 0, got ${days}`]);
  const expiresAt = days === null ? null : Date.now() + days * 86_400_000;
  const scope = its.devices.length + its.tags.length === 0 ? null : { devices: its.devices, tags: its.tags };
  if (scope !== null && known === 'administrator') {
    throw new ConfigError(['--devices and --tags: an administrator is never limited']);
  }
  const { secret, record } = makeSecret('token', name, known, expiresAt, { scope, createdAt: Date.now() });
  const effects: Effect[] = replace ? [['secret.deleteNamed', 'token', name]] : [];
  const line = toolLine('token create', name, { role: known, scope, expiresAt, replaces: replace });
  writeBeside(config.store.dir, [...effects, secretEffect(record), line]);
  process.stdout.write(`${secret}\n`);
}

/** The code travels in the fragment, which no server and no log sees ([ACC-1]). */
function createLink({ config, user }: Invocation & { command: 'sign-in-link' }): void {
  const expiresAt = Date.now() + codeMs;
  const { secret, record } = makeSecret('code', user, 'viewer', expiresAt);
  writeBeside(config.store.dir, [secretEffect(record), toolLine('sign-in-link', user, { expiresAt })]);
  process.stdout.write(`${httpAddress(config)}/#code=${secret}\n`);
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

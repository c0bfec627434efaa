// nginx and HAProxy with the very files of config/, in front of gateways of a test. In a copy of the file the test
// replaces what belongs to the machine: ports, addresses, and folders and users that only an installed package has.
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';
import { newFolder } from './gateway.ts';
import { type Found, findProgram, type SystemProgram } from './system-program.ts';

type Ports = { httpPort: number; mqttPort: number };

export type RunningProxy = Ports & {
  http: string;
  /** Resolves once the proxy has written what fits. */
  says(form: RegExp): Promise<void>;
  /** All that it wrote so far. */
  written(): string;
};

/** How one of them is started: what is replaced in its file, and the arguments with the copy of it. */
type Kind = {
  file: string;
  replacements(own: Ports, gateways: [Ports, Ports], dir: string): Record<string, string>;
  arguments(copy: string, dir: string): string[];
};

/** A proxy cannot say that it listens, so that it is asked until it answers. */
const readyMsMax = 15_000;
const askAgainMs = 20;

const nginx: Kind = {
  file: 'nginx.conf',
  replacements({ httpPort }, [gateway], dir) {
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    return {
      'http {': ['http {', ...folders.map(name => `${name}_temp_path ${join(dir, name)};`)].join('\n'),
      'listen 8000;': `listen 127.0.0.1:${httpPort};`,
      '127.0.0.1:8080': `127.0.0.1:${gateway.httpPort}`,
    };
  },
  arguments: (copy, dir) => ['-c', copy, '-g', `daemon off; error_log stderr; pid ${join(dir, 'pid')};`],
};

const haproxy: Kind = {
  file: 'haproxy.cfg',
  replacements: ({ httpPort, mqttPort }, [one, two]) => ({
    '  user haproxy\n  group haproxy\n': '',
    'bind :8000': `bind 127.0.0.1:${httpPort}`,
    'bind :1884': `bind 127.0.0.1:${mqttPort}`,
    '127.0.0.1:8080': `127.0.0.1:${one.httpPort}`,
    '127.0.0.1:8081': `127.0.0.1:${two.httpPort}`,
    '127.0.0.1:1883 port 8080': `127.0.0.1:${one.mqttPort} port ${one.httpPort}`,
    '127.0.0.1:1882 port 8081': `127.0.0.1:${two.mqttPort} port ${two.httpPort}`,
  }),
  arguments: copy => ['-db', '-f', copy],
};

const kinds = { nginx, haproxy };

/** A proxy that a test can start, or the reason why it cannot. */
export class ReverseProxy {
  readonly name: keyof typeof kinds;
  private readonly found: Found;

  private constructor(name: keyof typeof kinds, found: Found) {
    this.name = name;
    this.found = found;
  }

  /** Looks for the program; where it is missing, the reason goes to the output of the tests. */
  static async find(name: keyof typeof kinds): Promise<ReverseProxy> {
    const proxy = new ReverseProxy(name, await findProgram(name));
    if (proxy.missing !== null) console.warn(`skipped: ${proxy.missing}`);
    return proxy;
  }

  /** Why it cannot be started; null where it can. */
  get missing(): string | null {
    // A client of its own address is one of 127.0.0.2, which only Linux has.
    if (process.platform !== 'linux') return `${this.name} is tested on Linux alone`;
    return 'missing' in this.found ? this.found.missing : null;
  }

  /** Starts it in front of the gateways, and resolves once it passes on requests. It ends with the test. */
  async start(one: Ports, two: Ports = one): Promise<RunningProxy> {
    if ('missing' in this.found) throw new Error(this.found.missing);
    const kind = kinds[this.name];
    const dir = newFolder();
    // nginx gives up root for a user of its own, who has to come to its folders.
    chmodSync(dir, 0o755);
    const own = { httpPort: await freePort(), mqttPort: await freePort() };
    const copy = join(dir, kind.file);
    writeFileSync(copy, copyOf(kind.file, kind.replacements(own, [one, two], dir)));
    const http = `http://127.0.0.1:${own.httpPort}`;
    return { ...own, http, ...(await launch(this.found, kind.arguments(copy, dir), `${http}/livez`)) };
  }
}

/** The file of config/ with these words replaced; each has to be there, so that the test keeps to the file. */
function copyOf(file: string, replacements: Record<string, string>): string {
  const text = readFileSync(fileURLToPath(new URL(`../../../config/${file}`, import.meta.url)), 'utf8');
  const missing = Object.keys(replacements).filter(words => !text.includes(words));
  if (missing.length > 0) throw new Error(`config/${file} does not say ${JSON.stringify(missing)}`);
  const literally = (words: string) => words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const form = new RegExp(Object.keys(replacements).map(literally).join('|'), 'g');
  return text.replace(form, words => replacements[words] ?? words);
}

async function launch({ path, env }: SystemProgram, args: string[], readyUrl: string) {
  const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()));
  onTestFinished(() => {
    child.kill('SIGTERM');
    return gone;
  });
  let written = '';
  let waiting: { form: RegExp; resolve: () => void }[] = [];
  const look = () => {
    for (const { form, resolve } of waiting) if (form.test(written)) resolve();
    waiting = waiting.filter(({ form }) => !form.test(written));
  };
  const take = (chunk: Buffer) => {
    written += chunk;
    look();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);

  const deadline = performance.now() + readyMsMax;
  while (!(await answers(readyUrl))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`the proxy does not run: ${written}`);
    await new Promise(resolve => setTimeout(resolve, askAgainMs));
  }
  const says = (form: RegExp) =>
    new Promise<void>(resolve => {
      waiting.push({ form, resolve });
      look();
    });
  return { says, written: () => written };
}

const answers = (url: string) =>
  fetch(url).then(
    response => response.ok,
    () => false,
  );

// The command line of the simulators: reads it, checks it, and says in one sentence what is wrong with it. The only
// place that knows commander.
import { readFileSync } from 'node:fs';
import { isDeviceId, limits } from '@telltale/gateway/contract';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseHttpUrl, parseMqttUrl } from './addresses.ts';
import type { Line } from './device.ts';
import { ExpectedFailure, exitStatus } from './expected-failure.ts';
import { type FaultName, faultNames, faults, isFaultName } from './faults/names.ts';
import type { FleetSpec, KindCount } from './fleet-plan.ts';
import { isKind, kindNames } from './models/kinds.ts';

/** What a run of the simulators is to do. */
export type SimulateOptions = {
  spec: FleetSpec;
  line: Line;
  /** Address of the REST API, without a path. */
  httpUrl: string;
  /** Null with `--open`, where nothing is registered. */
  token: string | null;
  connectRate: number;
  /** How long to run; null runs until it is stopped. */
  durationS: number | null;
  statePath: string | undefined;
  quiet: boolean;
};

type Raw = {
  mqtt: Line;
  http: string;
  token?: string;
  tokenFile?: string;
  open?: true;
  devices?: number;
  kinds: KindCount[];
  prefix: string;
  seed: number;
  interval: number;
  duration?: number;
  connectRate: number;
  state?: string;
  faults: FaultName[];
  faultShare: number;
  quiet?: true;
};

const devicesDefault = 100;
/** Node's timers reach no further; a slower device would be better off with cron. */
const intervalHighMs = 24 * 3600 * 1000;

function number(low: number, high: number, whole = true) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`Expected a ${whole ? 'whole ' : ''}number from ${low} to ${high}.`);
  };
}

function list(text: string): string[] {
  return text.split(',').map(part => part.trim());
}

function parseKinds(text: string): KindCount[] {
  return list(text).map(part => {
    const [kind = '', count, ...more] = part.split('=');
    if (!isKind(kind) || more.length > 0) {
      throw new InvalidArgumentError(`Expected kinds out of ${kindNames.join(', ')}; got "${part}".`);
    }
    return { kind, count: count === undefined ? null : number(1, limits.devicesMax)(count) };
  });
}

function parseFaults(text: string): FaultName[] {
  return list(text).map(part => {
    if (isFaultName(part)) return part;
    throw new InvalidArgumentError(`Expected faults out of ${faultNames.join(', ')}; got "${part}".`);
  });
}

function parsePrefix(text: string): string {
  if (text === '' || isDeviceId(`${text}x`)) return text;
  throw new InvalidArgumentError('Expected the beginning of a device id: no / + # and no control characters.');
}

const examples = `
Faults:
${faultNames.map(name => `  ${name.padEnd(11)} ${faults[name].says}`).join('\n')}

Examples:
  100 devices of all kinds for as long as it runs; the token registers them
    TELLTALE_TOKEN=… npm run simulate -- --state data/fleet.json
  20 cold rooms and 5 pumps, twice a second, for a minute
    npm run simulate -- --token-file token.txt --kinds cold-room=20,pump=5 --interval 500 --duration 60
  10,000 devices, the same ones each time
    npm run simulate -- --token-file token.txt --devices 10000 --seed 7 --state data/fleet.json --interval 5000
  one device in ten misbehaves
    npm run simulate -- --token-file token.txt --faults drop,garbage,late --fault-share 0.1
  a gateway with access.devices: open
    npm run simulate -- --open --devices 50

A token is made with: node gateway/src/main.ts token create --role administrator --name simulators
Exit status: 0 done, 1 the gateway cannot be reached or failed, 78 something has to be changed first.`;

/** The program as commander knows it; parsing throws instead of ending the process. */
function createProgram(): Command {
  return new Command('simulate')
    .description('Simulated devices for a Telltale gateway, over MQTT and the REST API alone.')
    .option(
      '--mqtt <url>',
      'where devices connect (mqtt:// or mqtts://)',
      parseMqttUrl,
      parseMqttUrl('mqtt://127.0.0.1:1883'),
    )
    .option('--http <url>', 'address of the REST API', parseHttpUrl, 'http://127.0.0.1:8080')
    .addOption(
      new Option('--token <token>', 'API token that registers the devices; the environment keeps it out of `ps`').env(
        'TELLTALE_TOKEN',
      ),
    )
    .option('--token-file <file>', 'a file that holds the token, instead of --token')
    .option('--open', 'the gateway admits devices without a secret: register nothing, use no token')
    .option('--devices <count>', `devices in all (default: ${devicesDefault})`, number(1, limits.devicesMax))
    .option('--kinds <list>', `kinds, each alone or as kind=count: ${kindNames.join(', ')}`, parseKinds, everyKind())
    .option('--prefix <text>', 'beginning of every device id', parsePrefix, 'sim-')
    .option('--seed <number>', 'the same seed gives the same devices and signals', number(0, 2 ** 32 - 1), 1)
    .option('--interval <ms>', 'time between two samples of a device', number(1, intervalHighMs), 1000)
    .option('--duration <s>', 'end after this many seconds', number(0.1, 1e7, false))
    .option('--connect-rate <count>', 'devices switched on in a second', number(0.1, 100_000, false), 200)
    .option('--state <file>', 'remembers the secrets of devices; without it each run renews them')
    .option('--faults <list>', 'misbehaviours, see below', parseFaults, [])
    .option('--fault-share <share>', 'share of devices that have the faults, 0 to 1', number(0, 1, false), 1)
    .option('--quiet', 'no progress, only the summary')
    .allowExcessArguments(false)
    .addHelpText('after', examples)
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
}

function everyKind(): KindCount[] {
  return kindNames.map(kind => ({ kind, count: null }));
}

/** Defaults that are objects would be shown as JSON; these are said in words. */
function describeOption(option: Option): string {
  if (option.long === '--mqtt') return `${option.description} (default: mqtt://127.0.0.1:1883)`;
  if (option.long === '--token') return `${option.description} (env: TELLTALE_TOKEN)`;
  if (Array.isArray(option.defaultValue) || option.defaultValue === undefined) return option.description;
  return `${option.description} (default: ${option.defaultValue})`;
}

function wrong(sentence: string): ExpectedFailure {
  return new ExpectedFailure(sentence, exitStatus.configuration);
}

function readToken(raw: Raw): string | null {
  if (raw.open) return null;
  let token = raw.token;
  if (raw.tokenFile !== undefined) {
    try {
      token = readFileSync(raw.tokenFile, 'utf8').trim();
    } catch (error) {
      throw wrong(`The token file cannot be read: ${(error as Error).message}`);
    }
  }
  if (token === undefined || token === '') {
    throw wrong('A token is needed to register devices: set TELLTALE_TOKEN or --token-file, or use --open');
  }
  // fetch would quote a token that cannot be a header, and so show it.
  if (!/^[\x21-\x7e]+$/.test(token)) throw wrong('The token cannot be right: expected letters, digits and signs alone');
  return token;
}

function deviceCount(raw: Raw): number {
  const shares = raw.kinds.some(entry => entry.count === null);
  if (!shares && raw.devices !== undefined) {
    throw wrong('--devices and --kinds contradict each other: every kind has a number of its own already');
  }
  const shared = shares ? (raw.devices ?? devicesDefault) : 0;
  const total = shared + raw.kinds.reduce((sum, entry) => sum + (entry.count ?? 0), 0);
  if (total > limits.devicesMax) throw wrong(`Expected at most ${limits.devicesMax} devices, got ${total}`);
  return shared;
}

/** Reads the arguments (without `node` and the script). Null where help was asked for and shown. */
export function readOptions(args: readonly string[]): SimulateOptions | null {
  const program = createProgram();
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw wrong(error.message.replace(/^error: /, ''));
  }
  const raw = program.opts<Raw>();
  return {
    spec: {
      kinds: raw.kinds,
      devices: deviceCount(raw),
      prefix: raw.prefix,
      seed: raw.seed,
      intervalMs: raw.interval,
      faults: raw.faults,
      faultShare: raw.faultShare,
    },
    line: raw.mqtt,
    httpUrl: raw.http,
    token: readToken(raw),
    connectRate: raw.connectRate,
    durationS: raw.duration ?? null,
    statePath: raw.state,
    quiet: raw.quiet === true,
  };
}

// The command line.
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, loadConfig } from './load.ts';
import type { Config } from './schema.ts';

export type Invocation =
  | { command: 'run'; config: Config }
  | ({ command: 'token-create'; config: Config } & TokenOptions)
  | { command: 'sign-in-link'; config: Config; user: string }
  | { command: 'backup'; config: Config; file: string }
  | { command: 'restore'; config: Config; file: string }
  | { command: 'verify'; file: string }
  | { command: 'import'; config: Config; file: string; format: 'csv' | 'ndjson' | null }
  | ({ command: 'export'; config: Config; file: string } & ExportOptions);

/** What `export` takes: patterns of device and metric, and times as Unix milliseconds or ISO 8601. */
export type ExportOptions = {
  format: 'csv' | 'ndjson' | null;
  device: string;
  metric: string;
  from?: string;
  to?: string;
};

/** What `token create` takes; without patterns and tags the token is for all devices. */
export type TokenOptions = {
  name: string;
  role: string;
  days: number | null;
  devices: string[];
  tags: string[];
  replace: boolean;
};

type Shared = { config?: string; set: string[] };

const collect = (value: string, list: string[]) => [...list, value];

/**
 * Reads arguments and environment. Returns null where help was asked for and shown; throws ConfigError where
 * something is wrong.
 */
export function readInvocation(argv: readonly string[], environment: NodeJS.ProcessEnv): Invocation | null {
  let invocation: Invocation | null = null;
  const load = ({ config, set }: Shared, readFiles = false) =>
    loadConfig({ file: config ?? null, environment, flags: set, readFiles });
  const sharing = (command: Command) =>
    command
      .option('-c, --config <file>', 'configuration file (config/gateway.yaml shows every key)')
      .addOption(
        new Option('-s, --set <key=value>', 'set one key, as in http.port=8081').argParser(collect).default([], 'none'),
      );

  const program = sharing(new Command('telltale'))
    .description('IoT remote monitoring gateway')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((options: Shared) => {
      invocation = { command: 'run', config: load(options, true) };
    });
  // The shared flags may stand before the subcommand or behind it.
  const both = (options: Shared): Shared => {
    const before = program.opts<Shared>();
    return { config: options.config ?? before.config, set: [...before.set, ...options.set] };
  };
  const token = program.command('token').description('API tokens for programs');
  sharing(token.command('create'))
    .description('make a token and print it, this once; works beside a running gateway')
    .requiredOption('--role <role>', 'viewer, operator or admin')
    .requiredOption('--name <name>', 'what the token is for')
    .option('--days <days>', 'how long it lives; for ever where left out', Number)
    .option(
      '--devices <pattern>',
      'only for devices whose id fits, * stands for anything; may be repeated',
      collect,
      [],
    )
    .option('--tags <tag>', 'only for devices with this tag; may be repeated', collect, [])
    .option('--replace', 'end any token of the same name', false)
    .action(({ days, config, set, ...options }: Shared & Omit<TokenOptions, 'days'> & { days?: number }) => {
      invocation = { command: 'token-create', ...options, days: days ?? null, config: load(both({ config, set })) };
    });
  sharing(program.command('sign-in-link'))
    .description('print a link that signs a person in once, within ten minutes; works beside a running gateway')
    .option('--user <name>', 'whom it signs in', 'admin')
    .action((options: Shared & { user: string }) => {
      invocation = { command: 'sign-in-link', config: load(both(options)), user: options.user };
    });

  addFileCommands(
    program,
    sharing,
    options => load(both(options)),
    found => {
      invocation = found;
    },
  );

  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw new ConfigError([`${error.message.replace(/^error: /, '')}; --help shows what there is`]);
  }
  return invocation;
}

/** The commands that take a file: backup and what belongs to it, import and export. */
function addFileCommands(
  program: Command,
  sharing: (command: Command) => Command,
  load: (options: Shared) => Config,
  found: (invocation: Invocation) => void,
): void {
  const format = new Option('--format <format>', 'by the name of the file where left out').choices(['csv', 'ndjson']);
  sharing(program.command('backup <file>'))
    .description('write a copy of the database to a new file; works beside a running gateway')
    .action((file: string, options: Shared) => found({ command: 'backup', config: load(options), file }));
  sharing(program.command('restore <file>'))
    .description('put a backup in the place of the database, which is set aside; the gateway must not be running')
    .action((file: string, options: Shared) => found({ command: 'restore', config: load(options), file }));
  program
    .command('verify <file>')
    .description('read a backup whole, check it, and count what is in it')
    .action((file: string) => found({ command: 'verify', file }));
  sharing(program.command('import <file>'))
    .description('take in readings: lines of time, device, metric, value; - reads standard input')
    .addOption(format)
    .action((file: string, options: Shared & { format?: 'csv' | 'ndjson' }) =>
      found({ command: 'import', config: load(options), file, format: options.format ?? null }),
    );
  sharing(program.command('export <file>'))
    .description('write readings to a file in the form that import takes; - writes to standard output')
    .addOption(format)
    .option('--device <pattern>', 'devices, * stands for anything', '*')
    .option('--metric <pattern>', 'metrics, * stands for anything', '*')
    .option('--from <time>', 'first instant, Unix milliseconds or ISO 8601')
    .option('--to <time>', 'first instant after the range')
    .action((file: string, { format = undefined, ...options }: Shared & Partial<ExportOptions>) => {
      const { device = '*', metric = '*', from, to } = options;
      found({
        command: 'export',
        config: load(options as Shared),
        file,
        format: format ?? null,
        device,
        metric,
        from,
        to,
      });
    });
}

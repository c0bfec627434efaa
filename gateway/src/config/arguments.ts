// The command line.
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, loadConfig } from './load.ts';
import type { Config } from './schema.ts';

export type Invocation =
  | { command: 'run'; config: Config }
  | { command: 'token-create'; config: Config; name: string; role: string; days: number | null; replace: boolean }
  | { command: 'sign-in-link'; config: Config; user: string };

type Shared = { config?: string; set: string[] };

const collect = (value: string, list: string[]) => [...list, value];

/**
 * Reads arguments and environment. Returns null where help was asked for and shown; throws ConfigError where
 * something is wrong.
 */
export function readInvocation(argv: readonly string[], environment: NodeJS.ProcessEnv): Invocation | null {
  let invocation: Invocation | null = null;
  const load = ({ config, set }: Shared) => loadConfig({ file: config ?? null, environment, flags: set });
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
      invocation = { command: 'run', config: load(options) };
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
    .option('--replace', 'end any token of the same name', false)
    .action((options: Shared & { role: string; name: string; days?: number; replace: boolean }) => {
      const { name, role, days = null, replace } = options;
      invocation = {
        command: 'token-create',
        config: load(both(options)),
        name,
        role,
        days,
        replace,
      };
    });
  sharing(program.command('sign-in-link'))
    .description('print a link that signs a person in once, within ten minutes; works beside a running gateway')
    .option('--user <name>', 'whom it signs in', 'admin')
    .action((options: Shared & { user: string }) => {
      invocation = { command: 'sign-in-link', config: load(both(options)), user: options.user };
    });

  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw new ConfigError([`${error.message.replace(/^error: /, '')}; --help shows what there is`]);
  }
  return invocation;
}

// The process in which a variant is measured: a task's name and its arguments as JSON come in, JSON goes out. Each task
// loads only what it needs, so that peak memory is its own.

type Task = (args: never) => Promise<unknown>;

const tasks: Record<string, () => Promise<Task>> = {
  'size-own': async () => (await import('./size-tasks.ts')).sizeOwn,
  'size-clustered': async () => (await import('./size-tasks.ts')).sizeClustered,
  'writes-own': async () => (await import('./writes-tasks.ts')).writesOwn,
  'writes-clustered': async () => (await import('./writes-tasks.ts')).writesClustered,
  'ingest-own': async () => (await import('./ingest-tasks.ts')).ingestOwn,
  'ingest-clustered': async () => (await import('./ingest-tasks.ts')).ingestClustered,
  'long-own': async () => (await import('./long-tasks.ts')).longOwn,
  'long-scan': async () => (await import('./long-tasks.ts')).longScan,
  'long-clustered': async () => (await import('./long-tasks.ts')).longClustered,
  'paced-load': async () => (await import('../../test/instruments/paced-load.ts')).pacedLoad,
};

const [name = '', args = '{}'] = process.argv.slice(2);
const load = tasks[name];
if (load === undefined) throw new Error(`no task is called ${name}`);
const task = await load();
const result = await task(JSON.parse(args) as never);
process.stdout.write(JSON.stringify(result), () => process.exit(0));

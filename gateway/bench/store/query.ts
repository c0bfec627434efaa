// Part `query`: how long answers about the past take, over HTTP from the gateway and beside it from the others.
import { Asker } from './asker.ts';
import { runTask } from './child.ts';
import { newFolder, removeFolder } from './folder.ts';
import { findInflux, InfluxLines, startInflux, withoutInflux } from './influx.ts';
import { bucketsPath, type LongDatabase, lastOf, longDatabase, points, rangesOf, rawPath } from './long-database.ts';
import type { Range, ScanResult, TableResult } from './long-tasks.ts';
import { adminHeaders, startProgram } from './program.ts';
import { type Aim, heading, line, median, note, number, percentile } from './report.ts';
import type { Scale } from './scale.ts';
import { Sensors } from './sensors.ts';

type Question = { name: string; path: string; range: Range; aim?: Aim };

function questionsOf(database: LongDatabase): Question[] {
  const hour = lastOf(database, 'hour', 3_600);
  const overRanges = rangesOf(database).map(range => ({
    name: `${range.name}, ${points} points`,
    range,
    path: bucketsPath(range),
    ...(range.name === 'year' ? { aim: { most: 25 } } : {}),
  }));
  return [...overRanges, { name: 'last hour, raw', range: hour, path: rawPath(hour), aim: { most: 15 } }];
}

/** Throws where an answer leaves out readings or counts some twice: its time would then say nothing. */
async function checkAnswer(http: string, headers: Record<string, string>, { name, path, range }: Question) {
  const answer = await fetch(`${http}${path}`, { headers });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  const body = (await answer.json()) as { buckets?: [start: number, count: number][]; readings?: unknown[] };
  const counted = body.readings?.length ?? body.buckets?.reduce((sum, [, count]) => sum + count, 0) ?? 0;
  const expected = (range.to - range.from) / 1_000;
  if (counted !== expected) throw new Error(`${name}: the answer speaks of ${counted} readings, not of ${expected}`);
}

/** Times of every request, ms, by question and round; each round has a gateway of its own. */
async function askGateway(database: LongDatabase, questions: Question[], rounds: number, scale: Scale) {
  const times = new Map<Question, number[][]>(questions.map(question => [question, []]));
  for (let round = 0; round < rounds; round++) {
    const program = await startProgram(database.dir);
    const headers = adminHeaders(database.dir);
    const asker = new Asker(program.http, headers);
    try {
      for (const question of questions) await checkAnswer(program.http, headers, question);
      for (const question of round % 2 === 0 ? questions : [...questions].reverse()) {
        times.get(question)?.push(await asker.times(question.path, scale.warmups, scale.requests));
      }
    } finally {
      asker.close();
      await program.stop();
    }
  }
  return times;
}

/** From the shortest range to the longest with the same number of points: so much more it may cost. */
const growthMax = 1.2;

function print(times: Map<Question, number[][]>): void {
  const medians = new Map<string, number>();
  for (const [{ name, aim }, rounds] of times) {
    const all = rounds.flat();
    medians.set(name, median(all));
    const raw = rounds.map(round => number(median(round))).join(' ');
    line(`telltale: ${name}`, median(all), 'ms', `p99 ${number(percentile(all, 0.99))}  raw ${raw}`, aim);
  }
  const growth = (medians.get(`year, ${points} points`) ?? 0) / (medians.get(`day, ${points} points`) ?? 0);
  line('telltale: year to day', growth, '', '', { most: growthMax });
}

async function influxTimes(database: LongDatabase, scale: Scale): Promise<void> {
  const found = findInflux();
  if (found === null) return note(withoutInflux);
  const influx = await startInflux(found);
  const asker = new Asker(influx.http);
  try {
    const whole = lastOf(database, 'all that it has', scale.influxSeconds);
    const lines = new InfluxLines(influx);
    const sensors = new Sensors('two decimals', 1, whole.from);
    for (let ts = whole.from; ts < whole.to; ts += 1_000) {
      sensors.next();
      lines.add(1, ts, sensors.values[0] as number);
      await lines.send();
    }
    await lines.send(true);
    await influx.quiet();
    for (const range of [...rangesOf(database).filter(({ from }) => from > whole.from), whole]) {
      const times = await asker.times(influxPath(range), scale.warmups, scale.requests);
      const days = `${number((range.to - range.from) / 86_400_000)} days`;
      line(
        `influxdb: ${range.name}, ${points} points`,
        median(times),
        'ms',
        `p99 ${number(percentile(times, 0.99))}  ${days}`,
      );
    }
  } finally {
    asker.close();
    await influx.stop();
  }
}

function influxPath({ from, to }: Range): string {
  const width = Math.ceil((to - from) / points);
  const text =
    `SELECT min(v), max(v), mean(v), count(v) FROM m ` +
    `WHERE time >= ${from}ms AND time < ${to}ms GROUP BY time(${width}ms) fill(none)`;
  return `/query?db=bench&epoch=ms&q=${encodeURIComponent(text)}`;
}

export async function benchQuery(scale: Scale, rounds: number): Promise<void> {
  heading(
    `query: one metric at 1 Hz for ${number(scale.rangeSeconds / 86_400)} days, ${scale.requests} requests a round`,
  );
  const database = await longDatabase(scale);
  print(await askGateway(database, questionsOf(database), rounds, scale));

  const month = lastOf(database, 'month', 30 * 86_400);
  const scan = await runTask<ScanResult>('long-scan', { dir: database.dir, from: month.from, to: month.to });
  const expected = (month.to - month.from) / 1_000;
  if (scan.readings !== expected) throw new Error(`the scan found ${scan.readings} readings, not ${expected}`);
  const raw = scan.rates.map(rate => (rate / 1e6).toFixed(1)).join(' ');
  const scanned = `${number(scan.readings)} readings, raw ${raw}`;
  line('telltale: month scanned raw, in-process', median(scan.rates) / 1e6, 'million/s', scanned, { least: 10 });

  const dir = newFolder('long-clustered');
  const { startMs } = database;
  const ranges = rangesOf(database);
  const args = { dir, seconds: scale.rangeSeconds, startMs, ranges, points, month };
  const table = await runTask<TableResult>('long-clustered', args);
  removeFolder(dir);
  for (const { name, ms } of table.medians) line(`clustered: ${name}, ${points} points, in-process`, ms, 'ms');
  line('clustered: month scanned raw, in-process', table.scanRate / 1e6, 'million/s');
  await influxTimes(database, scale);
}

// Runs simulated devices against a gateway: reads the command line, opens the fleet, shows how it does, and takes it
// down when it is asked to end or its time is over.
import { ExpectedFailure, exitStatus } from './expected-failure.ts';
import { type Fleet, openFleet } from './fleet.ts';
import { planFleet } from './fleet-plan.ts';
import { readOptions, type SimulateOptions } from './options.ts';
import { createRegistrationProgress, showProgress, summaryText } from './progress.ts';
import { createRegistry } from './registry.ts';
import { createScreen, type Screen } from './screen.ts';
import { openSecrets } from './state-file.ts';
import { aborted, stopOnSignals } from './stop-signal.ts';

async function open(options: SimulateOptions, screen: Screen, signal: AbortSignal): Promise<Fleet> {
  const { token, httpUrl, spec, line, connectRate } = options;
  const registration =
    token === null
      ? undefined
      : {
          registry: createRegistry({ url: httpUrl, token, signal }),
          secrets: await openSecrets(options.statePath),
        };
  const plans = planFleet(spec);
  const heardOf = options.quiet ? undefined : createRegistrationProgress(plans.length, screen);
  return openFleet({ plans, seed: spec.seed, line, registration, connectRate, heardOf, signal });
}

async function simulate(options: SimulateOptions): Promise<void> {
  const screen = createScreen(process.stdout);
  const stop = stopOnSignals();
  const began = performance.now();
  let fleet: Fleet;
  try {
    fleet = await open(options, screen, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return;
    throw error;
  }
  const endProgress = options.quiet ? () => undefined : showProgress(fleet.totals, screen);
  const over = options.durationS === null ? undefined : setTimeout(() => stop.abort(), options.durationS * 1000);
  await aborted(stop.signal);
  clearTimeout(over);
  endProgress();
  await fleet.close();
  screen.line(summaryText(fleet.totals, (performance.now() - began) / 1000));
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await simulate(options);
  process.exit(0);
} catch (error) {
  if (!(error instanceof ExpectedFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error.status ?? exitStatus.failed);
}

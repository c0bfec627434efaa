// The program behind `npm start`: the gateway, a small simulated plant, and all that a newcomer needs to look at it.
// When it ends, the devices take their leave first, then the gateway closes.
import { join } from 'node:path';
import { parseMqttUrl } from './addresses.ts';
import { addCommandTypes } from './demo/command-types.ts';
import {
  type Addresses,
  type GatewayProcess,
  gatewayProgram,
  runGatewayCommand,
  startGateway,
} from './demo/gateway-process.ts';
import { ownDevice, plant, plantSeed } from './demo/plant.ts';
import { welcomeText } from './demo/welcome.ts';
import { ExpectedFailure } from './expected-failure.ts';
import { type Fleet, openFleet } from './fleet.ts';
import { simulatedTypes } from './models/command-types.ts';
import { showProgress } from './progress.ts';
import { registerAll } from './registration.ts';
import { createRegistry } from './registry.ts';
import { createScreen } from './screen.ts';
import { openSecrets } from './state-file.ts';
import { aborted, stopOnSignals } from './stop-signal.ts';

const tokenCommand = ['token', 'create', '--role', 'administrator', '--name', 'demo-fleet', '--replace'];
const linkCommand = ['sign-in-link'];
const connectRate = 50;

const screen = createScreen(process.stdout);
const args = process.argv.slice(2);

/** Registers and starts the plant, and welcomes whoever looks at the terminal. */
async function openPlant(addresses: Addresses, signal: AbortSignal): Promise<Fleet> {
  const token = await runGatewayCommand(gatewayProgram, tokenCommand, args, signal);
  const statePath = join(process.env.TELLTALE_STORE__DIR || 'data', 'demo-fleet.json');
  const line = parseMqttUrl(addresses.mqtt);
  const registration = {
    registry: createRegistry({ url: addresses.http, token, signal }),
    secrets: await openSecrets(statePath),
  };
  await addCommandTypes({ url: addresses.http, token, signal }, simulatedTypes);
  const own = await registerAll(registration.registry, registration.secrets, [ownDevice]);
  const fleet = await openFleet({ plans: plant, seed: plantSeed, line, registration, connectRate, signal });
  try {
    const signInLink = await runGatewayCommand(gatewayProgram, linkCommand, args, signal);
    const secret = own.get(ownDevice.id)!.secret;
    const { http: httpUrl, mqtt: mqttUrl } = addresses;
    const welcome = { devices: plant.length, httpUrl, mqttUrl, line, signInLink, own: { id: ownDevice.id, secret } };
    screen.line(welcomeText(welcome));
  } catch (error) {
    await fleet.close();
    throw error;
  }
  return fleet;
}

/** Runs until it is stopped or the gateway ends. Gives the exit status. */
async function demonstrate(gateway: GatewayProcess): Promise<number> {
  const stop = stopOnSignals();
  let gatewayStatus: number | null = null;
  void gateway.ended.then(status => {
    // Only the first of the two decides: after a signal, the gateway ends because it was asked to.
    if (!stop.signal.aborted) gatewayStatus = status;
    stop.abort();
  });
  let fleet: Fleet | null = null;
  try {
    const addresses = await Promise.race([gateway.ready, aborted(stop.signal).then(() => null)]);
    if (addresses) fleet = await openPlant(addresses, stop.signal);
    const endProgress = fleet && screen.live ? showProgress(fleet.totals, screen) : () => undefined;
    await aborted(stop.signal);
    endProgress();
  } catch (error) {
    // What fails because everything is being stopped is not worth a word.
    if (!stop.signal.aborted) throw error;
  } finally {
    await fleet?.close();
    await gateway.close();
  }
  return gatewayStatus ?? 0;
}

try {
  process.exit(await demonstrate(startGateway(gatewayProgram, args, screen)));
} catch (error) {
  if (!(error instanceof ExpectedFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error.status);
}

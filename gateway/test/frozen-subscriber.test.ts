// A subscriber that stops reading, and what it costs the others: nothing here, everything where a broker waits for it.
// A viewer that stops reading is in slow-viewer.test.ts.
import { expect, onTestFinished, test } from 'vitest';
import { startBareAedes } from '../bench/programs.ts';
import { frozenSubscriber } from './instruments/frozen-subscriber.ts';
import { gatewayHere } from './instruments/gateway.ts';

const seconds = 4;

test('[BRK-2] a frozen subscriber is cut off, and holds up nobody, as it does with a broker that waits for it', async () => {
  const { mqttPort, rest } = await gatewayHere(['mqtt.bytesPerSecondMax=1GB']);
  const loud = ['loud', await rest.device('loud')] as const;
  const polite = ['polite', await rest.device('polite')] as const;
  const own = await frozenSubscriber({ port: mqttPort, loud, polite, seconds });
  expect(own.isCut).toBe(true);
  // What was sent in the last moment may be under way.
  expect(own.messages - own.delivered).toBeLessThan(own.messages / 10);

  const bare = await startBareAedes();
  onTestFinished(() => bare.stop());
  const control = await frozenSubscriber({ port: bare.port, loud: ['loud', ''], polite: ['polite', ''], seconds });
  expect(control.isCut).toBe(false);
  // The figure itself, half a second, is measured by the benchmark `faults`, on a machine that does nothing else.
  expect(own.stallMs).toBeLessThan(control.stallMs / 2);
}, 120_000);

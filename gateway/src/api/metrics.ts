// /metrics for Prometheus: every counter and gauge of the stages, and the process's own.
import { collectDefaultMetrics, Gauge, Registry } from '@prometheus-io/client';
import type { ApiPorts } from './context.ts';

const snake = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/** Returns what to answer a scrape with. Values are read when they are asked for. */
export function createMetrics({ counters, gauges }: ApiPorts) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [stage, names] of Object.entries(counters())) {
    for (const name of Object.keys(names)) {
      new Gauge({
        name: `telltale_${stage}_${snake(name)}_total`,
        help: `${name} of the stage ${stage} since the gateway started`,
        registers: [registry],
        collect() {
          this.set(counters()[stage]?.[name] ?? 0);
        },
      });
    }
  }
  for (const name of Object.keys(gauges())) {
    new Gauge({
      name: `telltale_${snake(name)}`,
      help: name,
      registers: [registry],
      collect() {
        this.set(gauges()[name] ?? 0);
      },
    });
  }
  return { contentType: registry.contentType, read: () => registry.metrics() };
}

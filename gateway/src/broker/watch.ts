// Whether anybody subscribes to a device's telemetry over MQTT. Hardly anybody does, and finding no subscriber in the
// broker's matcher costs more than taking the reading in; so what nobody watches does not go there.
import { deviceOfFilter, limits } from '../contract/index.ts';

export class Watch {
  private readonly devices = new Set<string>();
  private everything = false;

  /**
   * Notes a subscription. It is never taken back: a session that is away still has its queue, and an error in this
   * direction costs time alone.
   */
  note(filter: string): void {
    const device = deviceOfFilter(filter);
    if (device === null) this.everything = true;
    else if (reachesTelemetry(filter)) {
      if (this.devices.size < limits.devicesMax) this.devices.add(device);
      else this.everything = true;
    }
  }

  /** True where a publish on this topic has to reach the matcher. */
  covers(topic: string): boolean {
    if (this.everything || !topic.startsWith('devices/')) return true;
    const end = topic.indexOf('/', 8);
    const after = end + '/telemetry'.length;
    if (!topic.startsWith('/telemetry', end) || (after < topic.length && topic[after] !== '/')) return true;
    return this.devices.size > 0 && this.devices.has(topic.slice(8, end));
  }
}

function reachesTelemetry(filter: string): boolean {
  const level = filter.split('/')[2];
  return level === 'telemetry' || level === '+' || level === '#';
}

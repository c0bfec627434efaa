// The line that tries out a new device.
import { describe, expect, it } from 'vitest';
import { publishLine } from './add-device.tsx';

describe('the mosquitto_pub line', () => {
  it('can be pasted into a shell whatever id and secret contain', () => {
    const line = publishLine('gateway.local', "o'neill; rm", '$ecret');
    expect(line).toContain(`-u 'o'\\''neill; rm' -P '$ecret'`);
    expect(line).toContain(`-t 'devices/o'\\''neill; rm/telemetry'`);
  });
});

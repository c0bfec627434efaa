import { expect, test } from 'vitest';
import { parseHttpUrl, parseMqttUrl } from './addresses.ts';

test('MQTT addresses have a port of their protocol where they name none', () => {
  expect(parseMqttUrl('mqtt://plant.example')).toEqual({ protocol: 'mqtt', host: 'plant.example', port: 1883 });
  expect(parseMqttUrl('mqtts://plant.example')).toEqual({ protocol: 'mqtts', host: 'plant.example', port: 8883 });
  expect(parseMqttUrl('mqtt://[::1]:2883')).toEqual({ protocol: 'mqtt', host: '::1', port: 2883 });
});

test('an address that listens everywhere is reached here', () => {
  expect(parseMqttUrl('mqtt://0.0.0.0:1883').host).toBe('127.0.0.1');
  expect(parseHttpUrl('http://[::]:8080')).toBe('http://[::1]:8080');
});

test('HTTP addresses lose the slash at their end', () => {
  expect(parseHttpUrl('http://127.0.0.1:8080/')).toBe('http://127.0.0.1:8080');
  expect(parseHttpUrl('https://plant.example')).toBe('https://plant.example');
});

test.each(['', 'localhost', 'mqtt://', 'ws://here', 'mqtt://u:p@here'])('%j is no MQTT address', text => {
  expect(() => parseMqttUrl(text)).toThrow(/^Expected an address like mqtt:\/\/host:port or mqtts/);
});

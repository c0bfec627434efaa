// Addresses of the dashboard.
import { describe, expect, it } from 'vitest';
import { parseRoute, pathOf, type Route } from './router.ts';

describe('addresses', () => {
  it('lead to what they were made from, whatever a device is called', () => {
    const routes: Route[] = [
      { name: 'fleet' },
      { name: 'dead-letters' },
      { name: 'storage' },
      { name: 'groups' },
      { name: 'group', id: '01KA' },
      { name: 'command-types' },
      { name: 'command-type', id: 'pump.speed' },
      { name: 'new-command-type' },
      { name: 'device-access' },
      { name: 'people' },
      { name: 'account' },
      { name: 'device', id: 'plant-a.pump 1?&%' },
      { name: 'device', id: 'größe' },
    ];
    for (const route of routes) expect(parseRoute(pathOf(route))).toEqual(route);
  });

  it('that lead nowhere say so', () => {
    expect(parseRoute('/nowhere')).toEqual({ name: 'not-found', path: '/nowhere' });
    expect(parseRoute('/devices/%E0%A4%A')).toMatchObject({ name: 'not-found' });
    expect(parseRoute('/groups/a/b')).toMatchObject({ name: 'not-found' });
    expect(parseRoute('/devices/a/b')).toMatchObject({ name: 'not-found' });
  });
});

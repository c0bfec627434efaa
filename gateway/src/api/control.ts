// Who watches a device, who has it for himself, and taking and giving that ([CMD-11]).
import { createRoute, z } from '@hono/zod-openapi';
import { type DeviceControl, type LastChange, type Lease, type LeaseRequest, roleCovers } from '../contract/index.ts';
import { type ApiPorts, addressOf } from './context.ts';
import { deviceControlSchema, leaseRequestSchema, leaseSchema } from './control-schemas.ts';
import { createRouter, needs } from './router.ts';
import { answer, body, deviceId, problem } from './schemas.ts';
import { needDevice } from './sight.ts';

type Asker = { by: string; from: string };

export type ControlPorts = {
  of(device: string): DeviceControl;
  lastChange(device: string): Promise<LastChange | null>;
  /** Throws Refusal('controlled') where another person has it. */
  take(device: string, request: LeaseRequest, asker: Asker): Lease;
  /** `any` ends another person's, too; without it Refusal('controlled'). */
  release(device: string, asker: Asker, any: boolean): void;
};

const tags = ['devices'];
const params = z.object({ id: deviceId });
const notFound = { 404: problem('No such device') };
const controlled = { 409: problem('Another person has it: who, until when, and why') };

const get = createRoute({
  method: 'get',
  path: '/{id}/control',
  tags,
  summary: 'Who watches the device now, who has it for himself, and the last change',
  request: { params },
  responses: { 200: answer('As it is now', deviceControlSchema), ...notFound },
});

const put = createRoute({
  method: 'put',
  path: '/{id}/lease',
  tags,
  middleware: needs('operator'),
  summary: 'Take the device for oneself for a while, or for longer: others can send it nothing until then',
  request: { params, body: { ...body(leaseRequestSchema), required: false } },
  responses: { 200: answer('The lease', leaseSchema), ...notFound, ...controlled },
});

const remove = createRoute({
  method: 'delete',
  path: '/{id}/lease',
  tags,
  middleware: needs('operator'),
  summary: 'Give the device back; an administrator ends another person’s lease, too',
  request: { params },
  responses: { 204: { description: 'Whoever asked has no lease of it' }, ...notFound, ...controlled },
});

export function controlRoutes(ports: ApiPorts) {
  const { control, devices } = ports;
  const router = createRouter();
  router.openapi(get, async c => {
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    devices.describe(id);
    const lastChange = await control.lastChange(id);
    return c.json({ ...control.of(id), lastChange }, 200);
  });
  router.openapi(put, c => {
    const { id } = c.req.valid('param');
    const principal = c.get('principal');
    needDevice(ports, principal, id);
    devices.describe(id);
    return c.json(control.take(id, c.req.valid('json'), { by: principal.name, from: addressOf(c) }), 200);
  });
  router.openapi(remove, c => {
    const { id } = c.req.valid('param');
    const principal = c.get('principal');
    needDevice(ports, principal, id);
    devices.describe(id);
    const any = roleCovers(principal.role, 'administrator');
    control.release(id, { by: principal.name, from: addressOf(c) }, any);
    return c.body(null, 204);
  });
  return router;
}

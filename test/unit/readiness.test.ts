import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Fault } from '../../core/fault.ts';
import { createReadiness, type PartState } from '../../services/health/readiness.ts';

const patience = { keptMs: 0, waitMs: 50 };

it('is ready while nothing is down; degraded is no reason', async () => {
  let state: PartState = 'up';
  const readiness = createReadiness({ store: async () => 'up', fleet: async () => state }, patience);
  const first = await readiness.look();
  expect(first).toMatchObject({ ready: true, parts: { store: { state: 'up' }, fleet: { state: 'up' } } });
  await sleep(5);
  state = 'degraded';
  const second = await readiness.look();
  expect(second).toMatchObject({ ready: true, parts: { fleet: { state: 'degraded' } } });
  expect(second.parts.store?.since).toBe(first.parts.store?.since);
  expect(Date.parse(second.parts.fleet!.since)).toBeGreaterThan(Date.parse(first.parts.fleet!.since));
});

it('names the part that is down, since when, and why; a part that hangs is down in time', async () => {
  let isBack = false;
  const readiness = createReadiness(
    {
      store: () => new Promise(() => undefined),
      queue: async () => {
        if (!isBack) throw new Fault('queue-down', 'a host name nobody needs to see');
        return 'up';
      },
    },
    patience,
  );
  const started = performance.now();
  const look = await readiness.look();
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(look).toMatchObject({
    ready: false,
    parts: { store: { state: 'down', why: 'timed-out' }, queue: { state: 'down', why: 'queue-down' } },
  });
  expect(JSON.stringify(look)).not.toContain('host name');
  isBack = true;
  expect((await readiness.look()).parts.queue).toEqual({ state: 'up', since: expect.any(String) });
});

it('is not ready any more when it drains', async () => {
  const readiness = createReadiness({ store: async () => 'up' }, patience);
  expect((await readiness.look()).draining.state).toBe('no');
  readiness.drain();
  const look = await readiness.look();
  expect(look).toMatchObject({ ready: false, draining: { state: 'yes' } });
  readiness.drain();
  expect((await readiness.look()).draining).toEqual(look.draining);
});

import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { Fault } from '../../core/fault.ts';
import type { Gate } from '../../core/gate.ts';
import type { Landing } from '../../core/landing.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import type { Stages } from '../../core/stage.ts';
import type { Zone } from '../../core/zone.ts';
import { meteredFleet } from '../../services/metered-fleet.ts';
import { meteredGate } from '../../services/metered-gate.ts';
import { meteredZone } from '../../services/metered-zone.ts';
import { meteredStages } from '../../workers/metered-stages.ts';
import { aPartner } from '../support/a-partner.ts';

/** Counts as `metric{label values}`. */
function tally() {
  const counts: Record<string, number> = {};
  const reads = new Map<string, () => unknown>();
  const metrics: Metrics = {
    add(counter, labels, by = 1) {
      const key = [counter.slice('landfall_'.length), ...Object.values(labels)].join(' ');
      counts[key] = (counts[key] ?? 0) + by;
    },
    took: () => undefined,
    watch: (gauge, read) => void reads.set(gauge, read),
  };
  return { metrics, counts, read: (gauge: string) => reads.get(gauge)!() };
}

const fails = async (code: Fault['code']): Promise<never> => {
  throw new Fault(code);
};

it('sessions are counted once each, those refused apart, those of partners not again', async () => {
  const { metrics, counts, read } = tally();
  const fleet = meteredFleet(createLocalFleet(), metrics);
  const leave = await fleet.enter({ address: 'a' }, { perAddress: 1 });
  await expect(fleet.enter({ address: 'a' }, { perAddress: 1 })).rejects.toThrow();
  const leavePartner = await fleet.enter({ partner: 'p' }, {});
  expect(read('landfall_sessions')).toEqual([{ labels: {}, value: 1 }]);
  await leavePartner();
  await leave();
  await leave();
  expect(read('landfall_sessions')).toEqual([{ labels: {}, value: 0 }]);
  expect(counts).toEqual({ sessions_opened_total: 1, connections_refused_total: 1 });
});

it('logins are counted by outcome', async () => {
  const { metrics, counts } = tally();
  const login: Gate['login'] = async (_caller, password) =>
    password === 'right' ? aPartner() : fails(password as Fault['code']);
  const gate = meteredGate({ login } as Gate, metrics);
  const caller = { user: 'u', address: 'a' };
  await gate.login(caller, 'right');
  for (const code of ['bad-credentials', 'bad-credentials', 'limit-reached']) {
    await expect(gate.login(caller, code)).rejects.toThrow();
  }
  expect(counts).toEqual({
    'logins_total accepted': 1,
    'logins_total bad-credentials': 2,
    'logins_total limit-reached': 1,
  });
});

it('transfers are counted once each, whichever way they end, with the bytes that passed', async () => {
  const { metrics, counts } = tally();
  const landing = {
    size: 5,
    write: async () => undefined,
    commit: async () => fails('incomplete'),
    giveUp: async () => undefined,
  } as unknown as Landing;
  const bytes = async function* () {
    yield Buffer.from('abc');
    yield Buffer.from('de');
  };
  const broken = async function* () {
    yield Buffer.from('a');
    throw new Fault('store-down');
  };
  const partner = aPartner();
  const zone = meteredZone(
    {
      partner,
      upload: async () => landing,
      read: async (path: string) => ({ size: 5, bytes: path === '/broken' ? broken() : bytes() }),
    } as unknown as Zone,
    metrics,
  );
  expect(zone.partner).toBe(partner);

  const upload = await zone.upload('/a', { at: 0 }, { protocol: 'ftp', address: 'a' });
  expect(upload.size).toBe(5);
  await upload.write(Buffer.alloc(7));
  await expect(upload.commit(() => ({ controlAlive: true }))).rejects.toMatchObject({ code: 'incomplete' });
  await (await zone.upload('/a', { at: 0 }, { protocol: 'ftp', address: 'a' })).giveUp(
    new Fault('timed-out'),
  );

  for await (const _chunk of (await zone.read('/whole')).bytes);
  for await (const _chunk of (await zone.read('/cut')).bytes) break;
  await expect(async () => {
    for await (const _chunk of (await zone.read('/broken')).bytes);
  }).rejects.toThrow();
  expect(counts).toEqual({
    'transfer_bytes_total upload': 7,
    'transfers_total upload incomplete': 1,
    'transfers_total upload timed-out': 1,
    'transfer_bytes_total download': 6,
    'transfers_total download done': 1,
    'transfers_total download cancelled': 1,
    'transfers_total download store-down': 1,
  });
});

it('stages are counted by result, held or failed', async () => {
  const { metrics, counts } = tally();
  const stages = meteredStages(
    {
      validate: async () => ({ result: 'rejected' }),
      scan: () => fails('scanner-down'),
      route: () => fails('bad-argument'),
      deliver: async () => ({ result: 'delivered' }),
    } as Stages,
    metrics,
  );
  for (const stage of ['validate', 'scan', 'route', 'deliver'] as const) {
    await stages[stage]({} as never, {} as never).catch(() => undefined);
  }
  expect(counts).toEqual({
    'stages_total validate rejected': 1,
    'stages_total scan held': 1,
    'stages_total route failed': 1,
    'stages_total deliver delivered': 1,
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, Server } from './client.ts';
import { type ClientLab, hasIpv6, startClientLab } from './client-lab.ts';
import { clients } from './clients.ts';
import { type MadeFile, makeFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';
import { startWireTap } from './wire-tap.ts';

const WAYS = ['PASV', 'EPSV', 'PORT', 'EPRT'];

const active = clients.flatMap((client) =>
  Object.entries(client.active).map(
    ([verb, host]) => [client.name, verb as 'PORT' | 'EPRT', host, client] as const,
  ),
);
const active4 = active.filter(([, , host]) => host === '127.0.0.1');
const active6 = active.filter(([, , host]) => host === '::1');
const passive6 = clients.filter(({ ipv6 }) => ipv6).map((client) => [client.name, client] as const);

describe('clients make data connections in every way they know', () => {
  let lab: ClientLab;
  let file: MadeFile;
  beforeAll(async () => {
    lab = await startClientLab();
    file = await makeFile(lab.folder, 'file', 300_000);
    await lab.run(CURL.upload!(lab.server, file.path, '/in/file'));
  });
  afterAll(() => lab.stop());

  /** Up, down, and by which commands. */
  const move = async (client: Client, server: Server): Promise<readonly string[]> => {
    const tap = await startWireTap(server);
    const remote = client.upload ? `/in/of ${client.name}` : '/in/file';
    if (client.upload) await lab.run(client.upload(tap.server, file.path, remote));
    expect(
      await lab.sha256(client.download ? client : CURL, client.download ? tap.server : server, remote),
    ).toBe(file.sha256);
    tap.close();
    return tap.said.map((line) => line.split(' ', 1)[0]!);
  };

  const transfers = (verbs: readonly string[]): number =>
    verbs.filter((verb) => ['STOR', 'RETR'].includes(verb)).length;

  const moveActively = async (client: Client, host: Server['host'], verb: 'PORT' | 'EPRT') => {
    const verbs = await move(client, { ...lab.server, host, data: verb });
    expect(verbs.filter((one) => one === verb).length).toBeGreaterThanOrEqual(transfers(verbs));
    // Some try another way when this one is refused.
    expect(verbs.filter((one) => one !== verb && WAYS.includes(one))).toEqual([]);
  };

  test.each(active4)('%s by %s', (_name, verb, host, client) => moveActively(client, host, verb));

  describe.skipIf(!hasIpv6)('over IPv6', () => {
    test.each(active6)('%s by %s', (_name, verb, host, client) => moveActively(client, host, verb));

    test.each(passive6)('%s by EPSV', async (_name, client) => {
      const verbs = await move(client, lab.server6);
      expect(verbs.filter((verb) => verb === 'EPSV').length).toBeGreaterThanOrEqual(transfers(verbs));
    });
  });
});

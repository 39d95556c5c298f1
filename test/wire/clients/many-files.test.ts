import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, ListingVerb } from './client.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clients } from './clients.ts';
import { lftp } from './rows/lftp.ts';
import { explicitRows } from './secure-rows.ts';
import { startWireTap } from './wire-tap.ts';

const COUNT = 3000;
const names = Array.from({ length: COUNT }, (_, number) => `po-${String(number).padStart(5, '0')}.x12`);

const rows = clients.flatMap((client) =>
  Object.keys(client.listings ?? {}).map((verb) => [client.name, verb as ListingVerb, client] as const),
);

describe('clients list a folder of 3,000 files', () => {
  let lab: ClientLab;
  beforeAll(async () => {
    // What becomes of the files later is no matter here.
    lab = await startClientLab({ LANDFALL_WORKERS: '0' });
    const folder = join(lab.folder, 'many');
    await mkdir(folder);
    for (const name of names) await writeFile(join(folder, name), name);
    await lab.run(lftp(lab.server, `mirror -R --parallel=8 ${folder} /in/many`));
  });
  afterAll(() => lab.stop());

  const secure = explicitRows.flatMap(([name, security, version, client]) =>
    Object.keys(client.listings ?? {}).map(
      (verb) => [name, verb as ListingVerb, security, version, client] as const,
    ),
  );
  test.each(secure)('%s %s under TLS', async (name, verb, security, version, client) => {
    const { run, names: namesIn } = client.listings![verb]!;
    const output = join(lab.folder, `${name}-${verb}-tls`);
    expect(namesIn(await lab.run(run(lab.secure(security, version), '/in/many', output))).sort()).toEqual(
      names,
    );
  });

  test.each(rows)('%s %s', async (name, verb, client: Client) => {
    const { run, names: namesIn } = client.listings![verb]!;
    const tap = await startWireTap(lab.server);
    const output = await lab.run(run(tap.server, '/in/many', join(lab.folder, `${name}-${verb}`)));
    tap.close();
    expect(tap.said.filter((line) => line.startsWith(verb))).not.toEqual([]);
    expect(namesIn(output).sort()).toEqual(names);
  });
});

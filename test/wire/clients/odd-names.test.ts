import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from './client.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clients } from './clients.ts';
import { CURL } from './rows/curl.ts';

const NAMES = [
  ' spaces around and  within ',
  '.dots around..',
  `"double" and 'single' quotes`,
  '100%25 %s %0d',
  'back\\slash\\',
  '[brackets] {braces}',
  'star* question?',
  'hash#;type=a&b=c',
  'caf\u00e9 \u{1f6a2} \u05e9\u05dc\u05d5\u05dd',
  '-begins with a hyphen',
  '~tilde $HOME `id`',
  `255 bytes ${'\u00fc'.repeat(122)}.`,
];

const rows = clients.map((client) => [client.name, client] as const);

describe('clients move files of odd names', () => {
  let lab: ClientLab;
  let local: string;
  beforeAll(async () => {
    lab = await startClientLab();
    local = join(lab.folder, 'local');
  });
  afterAll(() => lab.stop());

  test.each(rows)('%s', async (clientName, client: Client) => {
    const into = join(lab.folder, 'into');
    const names = NAMES.filter((name) => !client.garbles?.test(name));
    for (const name of names) {
      const path = `/in/${name}`;
      await writeFile(local, `${clientName} ${name}`);
      await lab.run((client.upload ?? CURL.upload!)(lab.server, local, path));
      expect(await lab.names('/in')).toEqual([name]);
      for (const [verb, { run, names: namesIn }] of Object.entries(client.listings ?? {})) {
        const output = await lab.run(run(lab.server, '/in', join(lab.folder, 'listing')));
        expect([verb, ...namesIn(output)]).toEqual([verb, name]);
      }
      await rm(into, { force: true });
      await lab.run((client.download ?? CURL.download!)(lab.server, path, into));
      expect(await readFile(into, 'utf8')).toBe(`${clientName} ${name}`);
      const renamed = Buffer.byteLength(name) < 250 ? `${name}2` : `2${name.slice(1)}`;
      await lab.run((client.rename ?? CURL.rename!)(lab.server, path, `/in/${renamed}`));
      expect(await lab.names('/in')).toEqual([renamed]);
      await lab.run((client.remove ?? CURL.remove!)(lab.server, `/in/${renamed}`));
      expect(await lab.names('/in')).toEqual([]);
    }
  });
});

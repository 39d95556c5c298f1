import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from './client.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clients } from './clients.ts';
import { CURL } from './rows/curl.ts';
import { lftp } from './rows/lftp.ts';

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

/** Still no longer than a name may be. */
const renamed = (name: string): string => `!${[...name].slice(1).join('')}`;

const rows = clients.map((client) => [client.name, client] as const);

describe('clients move files of odd names', () => {
  let lab: ClientLab;
  let local: string;
  beforeAll(async () => {
    lab = await startClientLab();
    local = join(lab.folder, 'local');
    const folders = clients.map((client) => `/in/${client.name}`).join(' ');
    await lab.run(lftp(lab.server, `mkdir ${folders}`));
  });
  afterAll(() => lab.stop());

  test.each(rows)('%s', async (clientName, client: Client) => {
    const names = NAMES.filter((name) => !client.garbles?.test(name)).sort();
    const folder = `/in/${clientName}`;
    const inFolder = async (): Promise<string[]> => (await lab.names(folder)).sort();
    const upload = client.upload ?? CURL.upload!;
    const download = client.download ?? CURL.download!;
    const rename = client.rename ?? CURL.rename!;
    const remove = client.remove ?? CURL.remove!;

    for (const name of names) {
      await writeFile(local, `${clientName} ${name}`);
      await lab.run(upload(lab.server, local, `${folder}/${name}`));
    }
    expect(await inFolder()).toEqual(names);

    for (const [verb, { run, names: namesIn }] of Object.entries(client.listings ?? {})) {
      const output = await lab.run(run(lab.server, folder, join(lab.folder, `${clientName}-${verb}`)));
      expect([verb, ...namesIn(output).sort()]).toEqual([verb, ...names]);
    }

    for (const [number, name] of names.entries()) {
      const into = join(lab.folder, `${clientName}-${number}`);
      await lab.run(download(lab.server, `${folder}/${name}`, into));
      expect(await readFile(into, 'utf8')).toBe(`${clientName} ${name}`);
      await lab.run(rename(lab.server, `${folder}/${name}`, `${folder}/${renamed(name)}`));
    }
    expect(await inFolder()).toEqual(names.map(renamed).sort());

    for (const name of names) await lab.run(remove(lab.server, `${folder}/${renamed(name)}`));
    expect(await inFolder()).toEqual([]);
  });
});

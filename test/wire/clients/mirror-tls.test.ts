import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clientsThat } from './clients.ts';
import { lftp } from './rows/lftp.ts';

const FILES = 60;
const VERSIONS = ['1.2', '1.3'] as const;

const contents = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder))
        .filter((name) => name.endsWith('.x12'))
        .map(async (name) => [name, await readFile(join(folder, name), 'utf8')]),
    ),
  );

/** Many data connections of one session, each of which must resume it. */
describe.each(VERSIONS)(
  'clients mirror 60 files, TLS %s, where each data connection must resume',
  (version) => {
    let lab: ClientLab;
    let local: string;
    let wanted: Record<string, string>;
    beforeAll(async () => {
      lab = await startClientLab({}, { tls: 'required', resumption: 'required' });
      local = join(lab.folder, 'tree');
      await mkdir(local);
      for (let number = 0; number < FILES; number += 1) {
        await writeFile(join(local, `po ${number}.x12`), `content ${number}`.repeat(number + 1));
      }
      wanted = await contents(local);
      await lab.run(lftp(lab.secure('explicit', version), `mirror -R ${local} /in/tree`));
    });
    afterAll(() => lab.stop());

    const withVersion = clientsThat('mirrorDown', 'resumes').filter(([, { resumes }]) =>
      resumes.includes(version),
    );

    test.each(withVersion.filter(([, { mirrorUp }]) => mirrorUp))('%s up', async (name, { mirrorUp }) => {
      const server = lab.secure('implicit', version);
      const back = join(lab.folder, `back-${name}`);
      await lab.run(lftp(server, `mkdir /in/${name}`));
      await lab.run(mirrorUp!(server, local, `/in/${name}/tree`));
      await lab.run(lftp(server, `mirror /in/${name}/tree ${back}`));
      expect(await contents(back)).toEqual(wanted);
    });

    test.each(withVersion)('%s down', async (name, { mirrorDown }) => {
      const into = join(lab.folder, name, 'tree');
      await mkdir(into, { recursive: true });
      await lab.run(mirrorDown(lab.secure('explicit', version), '/in/tree', into));
      expect(await contents(into)).toEqual(wanted);
    });
  },
);

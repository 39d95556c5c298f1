import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peakMemory } from '../../support/landfall-process.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clientsThat } from './clients.ts';
import { type MadeFile, makeFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';

const GIB = 1024 ** 3;
const CHOSEN = ['curl', 'lftp', 'ncftp', 'ftplib', 'basic-ftp'];
/** Bytes that the process may take with nothing to do, and twice its buffers (LANDFALL_MEMORY). */
const MEMORY_BOUND = 400 * 1024 ** 2;

describe('clients move a file of 1 GiB', { timeout: 600_000 }, () => {
  let lab: ClientLab;
  let file: MadeFile;
  beforeAll(async () => {
    lab = await startClientLab();
    file = await makeFile(lab.folder, 'gibibyte', GIB);
  });
  afterAll(() => lab.stop());

  test.each(clientsThat('upload', 'download').filter(([name]) => CHOSEN.includes(name)))(
    '%s',
    async (name, client) => {
      const remote = `/in/${name}`;
      await lab.run(client.upload(lab.server, file.path, remote));
      expect(await lab.sha256(client, lab.server, remote)).toBe(file.sha256);
      await lab.run(CURL.remove!(lab.server, remote));
    },
  );

  test('and Landfall does not keep it in memory', async () => {
    expect(await peakMemory(lab.landfall.child.pid!)).toBeLessThan(MEMORY_BOUND);
  });
});

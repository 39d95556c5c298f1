import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clientsThat } from './clients.ts';
import { type MadeFile, makeFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';

/** Bytes of Landfall's buffers (LANDFALL_BLOCK_SIZE). */
const BLOCK = 256 * 1024;
const SIZES = [0, 1, 1024, BLOCK - 1, BLOCK, BLOCK + 1, 5 * 1024 * 1024, 100 * 1024 * 1024];

describe('clients move files byte for byte', () => {
  let lab: ClientLab;
  const files: MadeFile[] = [];
  beforeAll(async () => {
    lab = await startClientLab();
    for (const size of SIZES) files.push(await makeFile(lab.folder, `of-${size}`, size));
    for (const { path, size } of files) await lab.run(CURL.upload!(lab.server, path, `/in/of-${size}`));
  });
  afterAll(() => lab.stop());

  test.each(clientsThat('upload'))('%s up', async (name, client) => {
    for (const { path, size, sha256 } of files) {
      const remote = `/in/${name}-${size}`;
      await lab.run(client.upload(lab.server, path, remote));
      expect([size, await lab.sha256(CURL, lab.server, remote)]).toEqual([size, sha256]);
      await lab.run(CURL.remove!(lab.server, remote));
    }
  });

  test.each(clientsThat('download'))('%s down', async (name, client) => {
    for (const { size, sha256 } of files) {
      expect([name, size, await lab.sha256(client, lab.server, `/in/of-${size}`)]).toEqual([
        name,
        size,
        sha256,
      ]);
    }
  });
});

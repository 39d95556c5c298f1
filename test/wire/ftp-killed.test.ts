import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startFtpLab } from '../support/ftp-lab.ts';

const ROUNDS = 10;
const AT_ONCE = 8;
/** Bytes of one write of the client's: a record, a page, what programs take, a large block. */
const WRITES = [80, 4096, 8192, 65_536];
const SCRIPT = join(import.meta.dirname, 'killed_client.py');

it('nothing becomes of the uploads of clients that are killed by SIGKILL', async () => {
  const lab = await startFtpLab();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, number) => killOne(`/${round}-${number}`, number)),
      );
    }
    // They are over when the listener has nobody left.
    await lab.listener.stop(60_000);
    expect(lab.events).toEqual([]);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let number = 0; number < AT_ONCE; number += 1) {
        expect(await lab.stored(`/${round}-${number}`)).toBeUndefined();
      }
    }
  } finally {
    await lab.listener.stop(0);
  }

  async function killOne(path: string, number: number): Promise<void> {
    const size = WRITES[number % WRITES.length];
    const args = [SCRIPT, lab.listener.port, 'acme', 'secret', path, size].map(String);
    const client = spawn('python3', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(client, 'exit');
    const said = await Promise.race([once(client.stdout, 'data').then(String), exited.then(() => 'nothing')]);
    expect(said).toContain('sending');
    client.kill('SIGKILL');
    await exited;
  }
});

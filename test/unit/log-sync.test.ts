import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLogSync } from '../../adapters/queue/sqlite/log-sync.ts';

it('never answers with a sync that began before it was asked, and shares the next one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-log-'));
  await writeFile(join(folder, 'queue.db-wal'), 'log');
  const log = openLogSync(join(folder, 'queue.db'));
  try {
    const order: string[] = [];
    const [first, second, third] = [log.sync(), log.sync(), log.sync()];
    expect(second).not.toBe(first);
    expect(third).toBe(second);
    await Promise.all([second.then(() => order.push('second')), first.then(() => order.push('first'))]);
    expect(order).toEqual(['first', 'second']);
    expect(log.sync()).not.toBe(second);
    await log.sync();
  } finally {
    log.close();
    await rm(folder, { recursive: true });
  }
});

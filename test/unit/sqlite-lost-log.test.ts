import type { NoParamCallback } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openSqliteQueue } from '../../adapters/queue/sqlite/queue.ts';

let failing = false;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fdatasync = (file: number, done: NoParamCallback): void => {
    if (failing) done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
    else fs.fdatasync(file, done);
  };
  return { ...fs, fdatasync };
});

it('a queue whose log the disk lost takes nothing more and does not pass for sound, until it is opened again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-log-'));
  const open = () => openSqliteQueue({ file: join(folder, 'queue.db') });
  const lost = await open();
  const down = expect.objectContaining({ code: 'queue-down' });
  try {
    await lost.send('q', [{ body: 'before' }]);
    failing = true;
    await expect(lost.send('q', [{ body: 'lost' }])).rejects.toThrow(down);
    failing = false;
    await expect(lost.send('q', [{ body: 'after' }])).rejects.toThrow(down);
    await expect(lost.depth('q')).rejects.toThrow(down);
  } finally {
    await lost.close();
  }
  const again = await open();
  try {
    await again.send('q', [{ body: 'again' }]);
    expect((await again.depth('q')).waiting).toBeGreaterThanOrEqual(2);
  } finally {
    await again.close();
    await rm(folder, { recursive: true });
  }
});

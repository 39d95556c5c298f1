import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTarget } from '../../adapters/target/open-target.ts';
import { Fault } from '../../core/fault.ts';
import type { Target } from '../../core/ports/target.ts';
import type { TargetSpec } from '../../core/target-spec.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { deliver, type Existing, never, targetContract } from './target-contract.ts';

const store = createMemoryStore();
const specOf = (path: string, existing: Existing): TargetSpec => ({
  to: 'folder',
  name: 'erp',
  path,
  existing,
});
const namesIn = (folder: string) => readdirSync(folder).filter((name) => name !== '.landfall');

targetContract('folder', async () => {
  const root = mkdtempSync(join(tmpdir(), 'target-folder-'));
  const folder = join(root, 'made', 'when', 'missing');
  return {
    put: async () => undefined,
    target: (existing) => openTarget(specOf(folder, existing), store),
    async delivered() {
      const outside = readdirSync(root, { recursive: true }).filter((one) => !`${one}`.startsWith('made'));
      expect(outside).toEqual([]);
      if (!existsSync(folder)) return {};
      return Object.fromEntries(namesIn(folder).map((name) => [name, readFileSync(join(folder, name))]));
    },
    remove: async () => rmSync(root, { recursive: true }),
  };
});

describe('target folder', () => {
  let folder: string;
  let hidden: string;
  const open = (existing: Existing = 'keep-both'): Target => openTarget(specOf(folder, existing), store);
  const code = (expected: string) => expect.objectContaining({ code: expected });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'target-folder-'));
    hidden = join(folder, '.landfall');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  describe.each<Existing>(['keep-both', 'replace', 'refuse'])('%s, killed before any step', (existing) => {
    test('whole or not there, and once after the next attempt', async () => {
      const script = join(import.meta.dirname, 'target-folder-process.ts');
      let kills = 0;
      for (let step = 1; ; step += 1) {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        const arrival = anArrival();
        const text = 'hello, world';
        const { signal, status, stderr } = spawnSync(
          process.execPath,
          [script, JSON.stringify(specOf(folder, existing)), JSON.stringify(arrival), text, `${step}`],
          { encoding: 'utf8' },
        );
        for (const name of namesIn(folder)) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
        await deliver(open(existing), arrival, Buffer.from(text));
        expect(namesIn(folder)).toEqual(['po.x12']);
        expect(readFileSync(join(folder, 'po.x12'), 'utf8')).toBe(text);
        expect(readdirSync(hidden).filter((name) => name.endsWith('.ready'))).toEqual([]);
        if (signal !== 'SIGKILL') {
          expect(stderr).toBe('');
          expect(status).toBe(0);
          break;
        }
        kills += 1;
      }
      expect(kills).toBeGreaterThan(8);
    });
  });

  test('what the consumer took away does not come again', async () => {
    const arrival = anArrival();
    const { place } = await deliver(open(), arrival, Buffer.from('hello'));
    rmSync(place);
    expect(await deliver(open(), arrival, Buffer.from('hello'))).toEqual({ place });
    expect(namesIn(folder)).toEqual([]);
  });

  test('what another attempt has delivered does not come again, though the consumer took it meanwhile', async () => {
    const arrival = anArrival();
    const deliveryId = `${arrival.id}-1-target`;
    const bytes = async function* () {
      rmSync((await deliver(open(), arrival, Buffer.from('hello'))).place);
      yield Buffer.from('hello');
    };
    await open().deliver({ arrival, deliveryId, bytes }, never);
    expect(namesIn(folder)).toEqual([]);
  });

  test('what was killed under its own name stays there, though the other file has gone', async () => {
    const other = join(folder, 'po.x12');
    writeFileSync(other, 'other');
    const arrival = anArrival();
    const { place } = await deliver(open(), arrival, Buffer.from('hello'));
    // Killed before it was marked as done.
    const [done] = readdirSync(hidden).filter((name) => name.endsWith('.done'));
    rmSync(join(hidden, done!));
    linkSync(place, join(hidden, done!.replace(/done$/, 'ready')));
    rmSync(other);
    expect(await deliver(open(), arrival, Buffer.from('hello'))).toEqual({ place });
    expect(namesIn(folder)).toEqual([`po ~${arrival.id.slice(-12)}.x12`]);
  });

  test('another run delivers again, beside the first', async () => {
    const arrival = anArrival();
    await deliver(open(), arrival, Buffer.from('hello'));
    await deliver(open(), { ...arrival, run: 2 }, Buffer.from('hello'));
    expect(namesIn(folder).sort()).toEqual([`po ~${arrival.id.slice(-12)}-2.x12`, 'po.x12']);
  });

  test('a file and a folder of the same name', async () => {
    mkdirSync(join(folder, 'po.x12'));
    await expect(deliver(open('replace'), anArrival(), Buffer.from('x'))).rejects.toThrow(
      code('target-refused'),
    );
    await deliver(open('keep-both'), anArrival(), Buffer.from('x'));
    expect(namesIn(folder)).toHaveLength(2);
    for (const existing of ['keep-both', 'replace'] as const) {
      const own = anArrival({ path: '/in/.landfall' });
      const delivered = deliver(open(existing), own, Buffer.from('x'));
      if (existing === 'replace') await expect(delivered).rejects.toThrow(code('target-refused'));
      else expect((await delivered).place).toContain('.landfall ~');
    }
  });

  test('the bytes that fail to come leave nothing, and the fault is theirs', async () => {
    const arrival = anArrival();
    const bytes = async function* () {
      yield Buffer.from('hel');
      throw new Fault('store-down');
    };
    await expect(open().deliver({ arrival, bytes, deliveryId: 'd' }, never)).rejects.toThrow(
      code('store-down'),
    );
    await expect(deliver(open(), arrival, Buffer.from('hello'), AbortSignal.abort())).rejects.toThrow(
      code('cancelled'),
    );
    expect(namesIn(folder)).toEqual([]);
    expect(readdirSync(hidden)).toEqual(['swept']);
  });

  test('a refused file leaves no bytes behind', async () => {
    writeFileSync(join(folder, 'po.x12'), 'old');
    await expect(deliver(open('refuse'), anArrival(), Buffer.from('x'))).rejects.toThrow(
      code('target-refused'),
    );
    expect(readdirSync(hidden)).toEqual(['swept']);
  });

  test('a folder that cannot be made or written is down, by its path', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const below = openTarget(specOf(join(file, 'below'), 'replace'), store);
    await expect(deliver(below, anArrival(), Buffer.from('x'))).rejects.toThrow(
      expect.objectContaining({ code: 'target-down', message: expect.stringContaining(join(file, 'below')) }),
    );
  });

  test('no space left is down, and leaves nothing', async () => {
    const { writeDurably } = await import('../../adapters/target/delivery-folder.ts');
    const part = join(folder, 'part');
    const full = writeDurably(part, async () => {
      const error: NodeJS.ErrnoException = new Error('no space');
      error.code = 'ENOSPC';
      throw error;
    });
    await expect(full).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(existsSync(part)).toBe(false);
  });

  test('what is hidden goes when it is old, once an hour', async () => {
    await deliver(open(), anArrival(), Buffer.from('x'));
    const [done] = readdirSync(hidden).filter((name) => name.endsWith('.done'));
    for (const name of ['old.done', 'old.ready', 'young.ready', 'old.part', 'swept']) {
      writeFileSync(join(hidden, name), 'x');
      const days = name.startsWith('young') ? 6 : 8;
      utimesSync(join(hidden, name), new Date(), new Date(Date.now() - days * 86_400_000));
    }
    await deliver(open(), anArrival({ path: '/in/two' }), Buffer.from('x'));
    const left = readdirSync(hidden);
    expect(left).toEqual(expect.arrayContaining([done, 'young.ready', 'swept']));
    expect(left.filter((name) => name.startsWith('old'))).toEqual([]);
    writeFileSync(join(hidden, 'old.done'), '');
    utimesSync(join(hidden, 'old.done'), new Date(0), new Date(0));
    await deliver(open(), anArrival({ path: '/in/three' }), Buffer.from('x'));
    expect(readdirSync(hidden)).toContain('old.done');
  });

  test('others may read the file as the umask has it, and not look into the hidden folder', async () => {
    chmodSync(folder, 0o755);
    const { place } = await deliver(open(), anArrival(), Buffer.from('x'));
    expect(statSync(place).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(statSync(hidden).mode & 0o077).toBe(0);
  });
});

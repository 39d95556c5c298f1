import type { Buffer } from 'node:buffer';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Store } from '../../../core/ports/store.ts';
import { contents, entries, expectFault, publish } from '../store/given.ts';
import { inFolder } from './in-folder.ts';

const PROCESSES = 4;
const KILLS = 12;
/** A child lives at most so long after its first word, in milliseconds. */
const LIFE_MS = 120;

const CHILD = new URL('./child.ts', import.meta.url).pathname;

interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** Resolves with all whole lines that it said, when it has ended. */
  readonly said: Promise<string[]>;
  readonly ready: Promise<unknown>;
}

function start(task: string, root: string, name: string): Child {
  const child = spawn(process.execPath, [CHILD, task, root, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  // Lines only, as the last one may have been cut off.
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const said = once(child, 'close').then(() => text.split('\n').slice(0, -1));
  return { process: child, said, ready: once(createInterface(child.stdout), 'line') };
}

/** Every object below the folder, with what it holds. */
async function* objectsBelow(store: Store, folder: string): AsyncGenerator<{ key: string; bytes: Buffer }> {
  for (const entry of await entries(store, folder)) {
    const key = `${folder}/${entry.name}`;
    if (entry.kind === 'folder') yield* objectsBelow(store, key);
    else yield { key, bytes: await contents(store, key) };
  }
}

/** Hexadecimal digits of the SHA-256 that what a child publishes begins with. */
const HASH_DIGITS = 64;

/** The digest that the bytes begin with, if the rest is what it was made of. */
function wholeHash(bytes: Buffer): string | undefined {
  const hash = createHash('sha256').update(bytes.subarray(HASH_DIGITS)).digest('hex');
  return hash === bytes.toString('latin1', 0, HASH_DIGITS) ? hash : undefined;
}

export function processTests(): void {
  it(
    'has one winner of every race',
    inFolder(async (root, store) => {
      const children = Array.from({ length: PROCESSES }, (_, index) => start('race', root, `racer${index}`));
      await Promise.all(children.map(({ ready }) => ready));
      for (const { process } of children) process.stdin.write('go\n');
      const said = await Promise.all(children.map((child) => child.said));
      const winners = new Map<string, string[]>();
      for (const [index, lines] of said.entries()) {
        for (const key of lines.slice(1)) winners.set(key, [...(winners.get(key) ?? []), `racer${index}`]);
      }
      expect(winners.size).toBe(40);
      for (const [key, names] of winners) {
        expect(names).toHaveLength(1);
        expect((await contents(store, key)).toString()).toBe(names[0]);
      }
    }),
  );

  it(
    `keeps all that was acknowledged, and nothing in part, over ${KILLS} kills`,
    inFolder(async (root, store) => {
      const acknowledged: string[][] = [];
      for (let kill = 0; kill < KILLS; kill += 2) {
        const children = [kill, kill + 1].map((index) => start('publish', root, `child${index}`));
        await Promise.all(children.map(({ ready }) => ready));
        for (const { process } of children) {
          await wait(Math.random() * LIFE_MS);
          process.kill('SIGKILL');
        }
        acknowledged.push(...(await Promise.all(children.map((child) => child.said))));
      }

      let published = 0;
      for (const line of acknowledged.flat()) {
        const [key, arrival, hash] = line.split(' ') as [string, string?, string?];
        if (arrival === undefined) {
          expect(await store.objects.head(key), line).toBeDefined();
        } else {
          published += 1;
          expect(wholeHash(await contents(store, key, { arrival })), line).toBe(hash);
        }
      }
      // The first word of each, at least.
      expect(published).toBeGreaterThanOrEqual(KILLS);

      for await (const { key, bytes } of objectsBelow(store, 'killed')) {
        expect(wholeHash(bytes), key).toBeDefined();
        await expectFault(publish(store, key, 'second'), 'exists');
        await publish(store, key, 'third', { replace: true });
        expect((await contents(store, key)).toString()).toBe('third');
      }
    }),
  );
}

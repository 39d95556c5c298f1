import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { get, put } from '../support/ftp-lab.ts';
import { startLandfall, temporaryFolder } from '../support/landfall-process.ts';
import { logIn, said, unscannedFeed, writePartner } from './lab.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const MIB = 2 ** 20;
/** Milliseconds: after three attempts, which a busy machine may have had, the pipeline waits for five minutes. */
const RETRIED_WITHIN_MS = 400_000;
const DISK_MIB = 24;
const LARGER_MIB = 96;

/** Why there is no disk of `DISK_MIB` at the path; nothing when there is. */
function mountSmallDisk(path: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path], { stdio: 'pipe' });
    cleanUp.push(() => execFileSync('umount', ['--lazy', path]));
    return undefined;
  } catch (thrown) {
    return `mounting is not permitted here: ${(thrown as Error).message.trim()}`;
  }
}

it('refuses what a full disk cannot take, loses nothing that it took, and goes on when there is room', async (test) => {
  const { path, remove } = await temporaryFolder();
  cleanUp.push(remove);
  const reason = mountSmallDisk(path);
  if (reason !== undefined) return test.skip(reason);
  const delivered = join(path, 'delivered');
  await writePartner(path, unscannedFeed('/in/**')(delivered));
  const landfall = await startLandfall({
    dataFolder: path,
    env: { LANDFALL_SIGNATURES: '/nonexistent' },
  });
  cleanUp.push(landfall.kill);
  const talk = await logIn(landfall.ftp.port);

  const sent = new Map<string, Buffer>();
  const taken = new Set<string>();
  const send = async (name: string, size: number): Promise<string> => {
    const bytes = randomBytes(size);
    sent.set(name, bytes);
    const said = await put(talk, `STOR /in/${name}`, bytes);
    if (said.startsWith('226 ')) taken.add(name);
    return said;
  };
  expect(await send('before.bin', MIB)).toMatch(/^226 /);
  expect(await send('large.bin', DISK_MIB * MIB)).toMatch(/^452 /);
  for (let count = 0; count < 10; count += 1) {
    // Some of the small ones may still find a place.
    expect(await send(`small-${count}.bin`, 1 + count * 40_000)).toMatch(/^(?:226|452) /);
  }
  const refused = [...sent.keys()].filter((name) => !taken.has(name));
  expect(refused.length).toBeGreaterThan(1);
  const listed = async () =>
    (await get(talk, 'MLSD /in'))
      .toString()
      .match(/[\w-]+\.bin/g)!
      .sort();
  expect(await listed()).toEqual([...taken].sort());

  execFileSync('mount', ['-o', `remount,size=${LARGER_MIB}m`, path]);
  const size = Number(/^213 (\d+)/.exec(await talk.say('SIZE /in/large.bin', 213))?.[1]);
  const large = sent.get('large.bin')!;
  expect(size).toBeGreaterThan(0);
  expect(size).toBeLessThan(large.length);
  await talk.say(`REST ${size}`, 350);
  expect(await put(talk, 'STOR /in/large.bin', large.subarray(size))).toMatch(/^226 /);
  taken.add('large.bin');
  for (const name of refused.filter((one) => one !== 'large.bin')) {
    expect(await put(talk, `STOR /in/${name}`, sent.get(name)!)).toMatch(/^226 /);
    taken.add(name);
  }

  for (const name of taken) await landfall.line(said('delivered', `/in/${name}`), RETRIED_WITHIN_MS);
  expect(await listed()).toEqual([...taken].sort());
  const files = (await readdir(delivered)).filter((name) => name !== '.landfall').sort();
  expect(files).toEqual([...taken].sort());
  for (const name of files) {
    expect((await readFile(join(delivered, name))).equals(sent.get(name)!), name).toBe(true);
  }
  expect(await landfall.stop()).toBe(0);
});

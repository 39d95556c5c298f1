import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../core/event.ts';
import { type FtpLab, type FtpTalk, put, startFtpLab } from '../support/ftp-lab.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { type Exchange, follow } from '../support/transcript.ts';

let lab: FtpLab;
let talk: FtpTalk;
const start = async (partner: object = {}): Promise<void> => {
  lab = await startFtpLab({ partner, store: createMemoryStore() });
  talk = await lab.logIn();
  await put(talk, 'STOR in/big.1.part', 'one ');
  await put(talk, 'STOR in/big 2.part', 'two ');
  await put(talk, 'STOR in/big.3.part', 'three');
};
beforeEach(() => start());
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
});
const transcript = (exchanges: readonly Exchange[]): Promise<void> => follow(talk, exchanges);
/** Of a part that takes very long: one a millisecond. */
const CHUNKS = 100_000;
const COMB = 'COMB in/big in/big.1.part "in/big 2.part" "/in/big.3.part"';

describe('COMB', () => {
  it('makes one file of its parts, one arrival, and removes the parts', async () => {
    await transcript([[COMB, '250 The file is stored.']]);
    expect(await lab.stored('/in/big')).toEqual(Buffer.from('one two three'));
    expect(lab.events.map((event) => decodeEvent(event).data.arrival)).toEqual([
      expect.objectContaining({ path: '/in/big', size: 13, digests: { sha256: expect.any(String) } }),
    ]);
    await transcript([
      ['SIZE in/big', '213 13'],
      ['SIZE in/big.1.part', 550],
      ['SIZE in/big 2.part', 550],
      [COMB, 550],
    ]);
  });

  it('adds to a file that is the first of the parts, and takes a part twice', async () => {
    await transcript([
      [COMB, 250],
      ['COMB in/big in/big in/big', 250],
    ]);
    expect(await lab.stored('/in/big')).toEqual(Buffer.from('one two threeone two three'));
  });

  it('does nothing when a part is not there, or is not for this partner', async () => {
    await transcript([
      ['COMB in/big in/big.1.part in/none', 550],
      ['COMB in/big in/big.1.part in', 550],
      ['COMB in in/big.1.part', 550],
      ['COMB none/big in/big.1.part', 550],
      ['SIZE in/big.1.part', 213],
      ['SIZE in/big', 550],
    ]);
    await lab.listener.stop(0);
    await start({ permissions: [{ folder: '/in', allow: ['list', 'read', 'write'] }] });
    await transcript([[COMB, 550]]);
    await lab.listener.stop(0);
    await start({ permissions: [{ folder: '/in', allow: ['list', 'delete', 'write'] }] });
    await transcript([[COMB, 550]]);
    expect(lab.events).toEqual([]);
  });

  it('holds the rules of the file it makes', async () => {
    await lab.listener.stop(0);
    await start({ limits: { fileSize: 10 } });
    await transcript([[COMB, 552]]);
    expect(await lab.stored('/in/big')).toBeUndefined();
    await transcript([['SIZE in/big.1.part', 213]]);
  });

  it('checks its argument', () =>
    transcript([
      ['COMB', 501],
      ['COMB in/big', 501],
      ['COMB "in/big', 501],
      ['COMB "in/big"x in/big.1.part', 501],
      ['COMB in/b"ig in/big.1.part', 501],
    ]));

  it('is ended by ABOR, and leaves the parts', async () => {
    const { read } = lab.store.objects;
    let chunk = 0;
    lab.store.objects.read = async function* (key, range) {
      for (; chunk < CHUNKS; chunk += 1) {
        await sleep(1);
        yield Buffer.from('x');
      }
      yield* read(key, range);
    };
    talk.send(`${COMB}\r\n`);
    await sleep(50);
    expect(await talk.say('STAT', 211)).toMatch(/The combination of \/in\/big has moved \d+ bytes/);
    await talk.say('ABOR', 426);
    await talk.expect(226);
    lab.store.objects.read = read;
    expect(chunk).toBeLessThan(CHUNKS);
    expect(lab.events).toEqual([]);
    await transcript([[COMB, 250]]);
    expect(await lab.stored('/in/big')).toEqual(Buffer.from('one two three'));
  });

  it('is done, when a part cannot be removed', async () => {
    const { remove } = lab.store.objects;
    lab.store.objects.remove = async (key) => {
      if (key.endsWith('big 2.part')) throw new Error('no');
      return remove(key);
    };
    await transcript([[COMB, '250 The file is stored. 1 parts could not be removed.']]);
    expect(lab.events).toHaveLength(1);
  });
});

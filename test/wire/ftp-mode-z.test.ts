import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';
import { type Exchange, follow } from '../support/transcript.ts';

let lab: FtpLab;
let talk: FtpTalk;
const start = async (partner: object = {}): Promise<void> => {
  lab = await startFtpLab({ partner });
  talk = await lab.logIn();
  await talk.say('MODE Z', 200);
};
beforeEach(() => start());
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
  expect(lab.pool.used).toBe(0);
});
const transcript = (exchanges: readonly Exchange[]): Promise<void> => follow(talk, exchanges);
const inflated = async (command: string): Promise<Buffer> => inflateSync(await get(talk, command));

describe('MODE Z', () => {
  it.each([1, 100_000, 3_000_000])('carries %i bytes up and down', async (size) => {
    const content = randomBytes(size);
    expect(await put(talk, 'STOR in/a', deflateSync(content))).toBe('226 The file is stored.');
    expect((await lab.stored('/in/a'))?.equals(content)).toBe(true);
    expect((await inflated('RETR in/a')).equals(content)).toBe(true);
    await talk.say('MODE S', 200);
    expect((await get(talk, 'RETR in/a')).equals(content)).toBe(true);
  });

  it('carries listings, parts of files and texts', async () => {
    await put(talk, 'STOR in/a', deflateSync('one\ntwo\n'));
    expect((await inflated('NLST in')).toString()).toBe('in/a\r\n');
    expect((await inflated('MLSD in')).toString()).toMatch(/^type=file;size=8;.* a\r\n$/);
    await talk.say('REST 4', 350);
    expect((await inflated('RETR in/a')).toString()).toBe('two\n');
    await talk.say('REST 4', 350);
    await put(talk, 'STOR in/a', deflateSync('three\n'));
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('one\nthree\n'));
    await talk.say('TYPE A', 200);
    expect((await inflated('RETR in/a')).toString()).toBe('one\r\nthree\r\n');
    await put(talk, 'STOR in/b', deflateSync('a\r\nb\r\n'));
    expect(await lab.stored('/in/b')).toEqual(Buffer.from('a\nb\n'));
  });

  it('keeps an upload whose stream does not end for a resume, and announces none', async () => {
    const stream = deflateSync(randomBytes(100_000));
    expect(await put(talk, 'STOR in/a', stream.subarray(0, 90_000))).toMatch(/^426 The file is not complete/);
    expect(await lab.stored('/in/a')).toBeUndefined();
    expect(lab.events).toEqual([]);
    const size = Number((await talk.say('SIZE in/a', 213)).slice(4));
    expect(size).toBeGreaterThan(0);
    expect(await put(talk, 'STOR in/a', '')).toMatch(/^426 /);
  });

  it('keeps what came of an upload that is cut, and lets go of a download that is', async () => {
    const content = randomBytes(1_000_000);
    const up = await talk.passive();
    await talk.say('STOR in/a', 150);
    up.write(deflateSync(content).subarray(0, 600_000), () => up.resetAndDestroy());
    await talk.expect(426);
    const size = Number((await talk.say('SIZE in/a', 213)).slice(4));
    expect(size).toBeLessThanOrEqual(600_000);
    await talk.say(`REST ${size}`, 350);
    expect(await put(talk, 'STOR in/a', deflateSync(content.subarray(size)))).toMatch(/^226 /);
    expect((await lab.stored('/in/a'))?.equals(content)).toBe(true);

    const down = await talk.passive();
    await talk.say('RETR in/a', 150);
    down.resetAndDestroy();
    expect(await talk.reply()).toMatch(/^(226|426) /);
    expect((await inflated('RETR in/a')).equals(content)).toBe(true);
  });

  it('takes nothing that is not compressed', async () => {
    expect(await put(talk, 'STOR in/a', 'plain bytes')).toMatch(/^501 .*zlib/);
    expect(await put(talk, 'STOR in/a', Buffer.concat([deflateSync('x'), Buffer.from('y')]))).toMatch(
      /^501 /,
    );
    await transcript([['SIZE in/a', 550]]);
    expect(lab.events).toEqual([]);
  });

  it('holds the limit for the file, not for the stream', async () => {
    await lab.listener.stop(0);
    await start({ limits: { fileSize: '1 MiB' } });
    const bomb = deflateSync(Buffer.alloc(64 * 1024 ** 2));
    expect(bomb.length).toBeLessThan(1024 ** 2);
    expect(await put(talk, 'STOR in/a', bomb)).toMatch(/^552 /);
    expect(await lab.stored('/in/a')).toBeUndefined();
    expect(await put(talk, 'STOR in/a', deflateSync(Buffer.alloc(1024 ** 2)))).toMatch(/^226 /);
  });

  it('meets an announced size with the file', async () => {
    await talk.say('ALLO 5', 200);
    expect(await put(talk, 'STOR in/a', deflateSync('hello'))).toMatch(/^226 /);
    await talk.say('ALLO 6', 200);
    expect(await put(talk, 'STOR in/a', deflateSync('hello'))).toMatch(/^426 /);
  });

  it('has levels, and ends with REIN', async () => {
    await transcript([
      ['OPTS MODE Z LEVEL 9', '200 MODE Z LEVEL is 9.'],
      ['OPTS MODE Z ENGINE ZLIB METHOD 8 LEVEL 0', '200 MODE Z LEVEL is 0.'],
      ['STAT', /TYPE I, STRU F, MODE Z/],
    ]);
    await put(talk, 'STOR in/a', deflateSync(Buffer.alloc(10_000)));
    expect((await get(talk, 'RETR in/a')).length).toBeGreaterThan(10_000);
    await transcript([
      ['OPTS MODE Z', '200 MODE Z LEVEL is 6.'],
      ['OPTS MODE Z LEVEL', 501],
      ['OPTS MODE Z LEVEL 10', 501],
      ['OPTS MODE Z BLOCKSIZE 9', 501],
      ['OPTS MODE S LEVEL 1', 501],
      ['OPTS MODE', 501],
    ]);
    expect((await get(talk, 'RETR in/a')).length).toBeLessThan(100);
    await transcript([
      ['REIN', 220],
      ['USER acme', 331],
      ['PASS secret', 230],
      ['STAT', /TYPE A, STRU F, MODE S/],
    ]);
  });

  it('is refused to a program that is known to lose bytes by it', async () => {
    await transcript([
      ['MODE S', 200],
      ['CLNT lftp/4.9.2', 200],
      ['MODE Z', '504 MODE S only: your program can lose the end of a file in MODE Z.'],
      ['MODE S', 200],
      ['CLNT other/1.0', 200],
      ['MODE Z', 200],
    ]);
  });
});

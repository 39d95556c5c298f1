import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { PATIENCE } from '../support/patience.ts';
import { type Exchange, follow } from '../support/transcript.ts';

const CONTENT = 'All the bytes of a file.';
const hex = (name: string, text: string): string =>
  name === 'crc32' ? crc32(text).toString(16).padStart(8, '0') : createHash(name).update(text).digest('hex');

let lab: FtpLab;
let talk: FtpTalk;
let reads: number;
/** As a disk, it has no room for digests beside the bytes. */
const store = () => {
  const memory = createMemoryStore();
  const { read, head } = memory.objects;
  memory.objects.head = async (key, arrival) => {
    const info = await head(key, arrival);
    return info && { ...info, digests: {} };
  };
  memory.objects.read = (key, range) => {
    if (key.startsWith('files/')) reads += 1;
    return read(key, range);
  };
  return memory;
};
const start = async (partner: object = {}): Promise<void> => {
  reads = 0;
  lab = await startFtpLab({ store: store(), partner });
  talk = await lab.logIn();
  await put(talk, 'STOR in/a', CONTENT);
};
beforeEach(() => start());
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
});
const transcript = (exchanges: readonly Exchange[]): Promise<void> => follow(talk, exchanges);
const SHA256 = hex('sha256', CONTENT);

describe('HASH', () => {
  it('is answered right after the upload, without reading the file', async () => {
    await transcript([
      ['HASH in/a', `213 SHA-256 0-24 ${SHA256} in/a`],
      ['HASH /in/a', `213 SHA-256 0-24 ${SHA256} /in/a`],
      ['RNFR in/a', 350],
      ['RNTO in/b c', 250],
      ['HASH in/b c', `213 SHA-256 0-24 ${SHA256} in/b c`],
      ['MFMT 20020717210715 in/b c', 213],
      ['HASH in/b c', `213 SHA-256 0-24 ${SHA256} in/b c`],
    ]);
    expect(reads).toBe(0);
  });

  it('is of the function that was chosen, computed once', async () => {
    await transcript([
      ['OPTS HASH', '200 SHA-256'],
      ['OPTS HASH sha-1', '200 SHA-1'],
      ['FEAT', /\n HASH SHA-256;SHA-512;SHA-1\*;MD5;CRC32;\n/],
      ['HASH in/a', `213 SHA-1 0-24 ${hex('sha1', CONTENT)} in/a`],
      ['HASH in/a', `213 SHA-1 0-24 ${hex('sha1', CONTENT)} in/a`],
      ['XSHA1 in/a', 250],
      ['OPTS HASH MD5', '200 MD5'],
      ['OPTS HASH SHA-3', 501],
      ['OPTS HASH', '200 MD5'],
      ['HASH in/a', `213 MD5 0-24 ${hex('md5', CONTENT)} in/a`],
      ['OPTS HASH CRC32', 200],
      ['HASH in/a', `213 CRC32 0-24 ${hex('crc32', CONTENT)} in/a`],
      ['OPTS HASH SHA-512', 200],
      ['HASH in/a', `213 SHA-512 0-24 ${hex('sha512', CONTENT)} in/a`],
    ]);
    expect(reads).toBe(4);
  });

  it('is computed for the first time after a resume, and where nobody sent the file', async () => {
    await talk.say('ALLO 100', 200);
    await put(talk, 'STOR in/c', 'All the ');
    await talk.say('REST 7', 350);
    await put(talk, 'STOR in/c', CONTENT.slice(7));
    await lab.store.objects.put('files/acme/out/report', Buffer.from(CONTENT));
    reads = 0;
    await transcript([
      ['HASH in/c', `213 SHA-256 0-24 ${SHA256} in/c`],
      ['HASH in/c', `213 SHA-256 0-24 ${SHA256} in/c`],
      ['HASH out/report', `213 SHA-256 0-24 ${SHA256} out/report`],
    ]);
    expect(reads).toBe(2);
  });

  it('is of the new bytes when a file was replaced', async () => {
    await put(talk, 'STOR in/a', 'other');
    await transcript([['HASH in/a', `213 SHA-256 0-5 ${hex('sha256', 'other')} in/a`]]);
  });

  it('is of a range after RANG', () =>
    transcript([
      ['RANG 4 6', 350],
      ['HASH in/a', `213 SHA-256 4-6 ${hex('sha256', 'the')} in/a`],
      ['HASH in/a', `213 SHA-256 0-24 ${SHA256} in/a`],
      ['RANG 4 99', 350],
      ['HASH in/a', `213 SHA-256 4-23 ${hex('sha256', CONTENT.slice(4))} in/a`],
      ['RANG 25 99', 350],
      ['HASH in/a', 554],
      ['RANG 4 6', 350],
      ['RANG 1 0', 350],
      ['HASH in/a', `213 SHA-256 0-24 ${SHA256} in/a`],
    ]));

  it('is refused where there is none', () =>
    transcript([
      ['HASH', 501],
      ['HASH in/none', 550],
      ['HASH in', 553],
      ['HASH /', 553],
    ]));

  it('is for who may read', async () => {
    await lab.listener.stop(0);
    await start({ permissions: [{ folder: '/in', allow: ['write', 'list'] }] });
    await transcript([
      ['HASH in/a', 550],
      ['XCRC in/a', 550],
    ]);
  });
});

describe('XCRC and its like', () => {
  const upper = (name: string, text = CONTENT): string => `250 ${hex(name, text).toUpperCase()}`;

  it('tell nothing but the digest', () =>
    transcript([
      ['XCRC in/a', upper('crc32')],
      ['XMD5 in/a', upper('md5')],
      ['XSHA in/a', upper('sha1')],
      ['XSHA1 in/a', upper('sha1')],
      ['XSHA256 in/a', upper('sha256')],
      ['XSHA512 in/a', upper('sha512')],
    ]));

  it('take names in quotes, and a start and an end', async () => {
    await put(talk, 'STOR in/a "b" 1 2', CONTENT);
    await transcript([
      ['XCRC "in/a"', upper('crc32')],
      ['XCRC "in/a" 0 24', upper('crc32')],
      ['XCRC "in/a" 4 7', upper('crc32', 'the')],
      ['XCRC in/a 4 7', upper('crc32', 'the')],
      ['XCRC in/a 4 999', upper('crc32', CONTENT.slice(4))],
      ['XCRC in/a "b" 1 2', upper('crc32')],
      ['XCRC "in/a ""b"" 1 2"', upper('crc32')],
      ['XCRC "in/a ""b"" 1 2" 4 7', upper('crc32', 'the')],
    ]);
  });

  it('refuse what is none', () =>
    transcript([
      ['XCRC', 501],
      ['XCRC "in/a" 4', 501],
      ['XCRC "in/a" x y', 501],
      ['XCRC "in/a" 7 4', 501],
      ['XCRC in/a 7 7', 501],
      ['XCRC "in/a" 25 99', 554],
      ['XCRC in/none', 550],
      ['XCRC in/none 1 2', 550],
      ['XMD5 in', 550],
    ]));
});

describe('RANG', () => {
  it('is for RETR too, and for one only', async () => {
    await talk.say('RANG 4 6', 350);
    expect((await get(talk, 'RETR in/a')).toString()).toBe('the');
    expect((await get(talk, 'RETR in/a')).toString()).toBe(CONTENT);
    await talk.say('RANG 17 99', 350);
    expect((await get(talk, 'RETR in/a')).toString()).toBe('a file.');
    await talk.say('REST 17', 350);
    await talk.say('RANG 0 2', 350);
    expect((await get(talk, 'RETR in/a')).toString()).toBe('All');
    await talk.say('RANG 0 2', 350);
    await talk.say('REST 17', 350);
    expect((await get(talk, 'RETR in/a')).toString()).toBe('a file.');
  });

  it('never makes an upload of a part', async () => {
    for (const command of ['STOR in/a', 'APPE in/a', 'STOU in/a']) {
      await talk.passive();
      await transcript([
        ['RANG 0 2', 350],
        [command, 504],
      ]);
    }
    expect(await lab.stored('/in/a')).toEqual(Buffer.from(CONTENT));
  });

  it('checks its argument', async () => {
    await talk.passive();
    await transcript([
      ['RANG', 501],
      ['RANG 1', 501],
      ['RANG 2 1', 501],
      ['RANG -1 1', 501],
      ['RANG a b', 501],
      ['RANG 0 9999999999999999999', 501],
      ['RANG 25 26', 350],
      ['RETR in/a', 554],
      ['TYPE A', 200],
      ['RANG 0 1', 551],
      ['TYPE I', 200],
      ['RANG 0 1', 350],
      ['TYPE A', 200],
    ]);
    await talk.passive();
    await transcript([['RETR in/a', 551]]);
  });
});

describe('a digest that takes long', () => {
  /** One a millisecond. */
  const CHUNKS = 100_000;
  const slowly = async (): Promise<() => number> => {
    let chunks = 0;
    const { read } = lab.store.objects;
    lab.store.objects.read = async function* (key, range) {
      if (key.startsWith('files/')) {
        for (; chunks < CHUNKS; chunks += 1) {
          await sleep(1);
          yield Buffer.from('x');
        }
      }
      yield* read(key, range);
    };
    talk.send('XMD5 in/a\r\n');
    await sleep(50);
    return () => chunks;
  };

  it('is told of by STAT, and ended by ABOR', async () => {
    const chunks = await slowly();
    expect(await talk.say('STAT', 211)).toMatch(/The digest of in\/a has moved \d+ bytes/);
    await talk.say('ABOR', 426);
    await talk.expect(226);
    expect(chunks()).toBeLessThan(CHUNKS);
    await talk.say('NOOP', 200);
  });

  it('is over when the client goes', async () => {
    const chunks = await slowly();
    talk.socket.end();
    await vi.waitFor(async () => {
      const before = chunks();
      await sleep(50);
      expect(chunks()).toBe(before);
    }, PATIENCE);
    expect(chunks()).toBeLessThan(CHUNKS);
  });
});

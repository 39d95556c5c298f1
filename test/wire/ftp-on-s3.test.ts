import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openS3Store, type S3Store } from '../../adapters/store/s3/store.ts';
import { decodeEvent } from '../../core/event.ts';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { type Exchange, follow } from '../support/transcript.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a bucket does in other ways than a disk: times and digests are metadata, and a part of a file is a range. */
describe.skipIf(noS3 !== undefined)(`FTP on S3${noS3 === undefined ? '' : `, skipped: ${noS3}`}`, () => {
  let bucket: TestBucket;
  let store: S3Store;
  let lab: FtpLab;
  let talk: FtpTalk;
  let reads = 0;
  beforeAll(async () => {
    bucket = await openTestBucket();
    store = await openS3Store(bucket.newPlace());
    const { read } = store.objects;
    store.objects.read = (key, range) => {
      if (key.startsWith('files/')) reads += 1;
      return read(key, range);
    };
    lab = await startFtpLab({ store });
    talk = await lab.logIn();
  });
  afterAll(async () => {
    talk?.socket.destroy();
    await lab?.listener.stop(0);
    await store?.close();
    await bucket?.stop();
  });
  const transcript = (exchanges: readonly Exchange[]): Promise<void> => follow(talk, exchanges);

  it('files are dated and stay the same arrival, with their digests', async () => {
    await put(talk, 'STOR in/a', 'hello');
    await transcript([
      ['HASH in/a', `213 SHA-256 0-5 ${sha256('hello')} in/a`],
      ['MFMT 20020717210715 in/a', 213],
      ['MDTM in/a', '213 20020717210715'],
      ['RNFR in/a', 350],
      ['RNTO in/b', 250],
      ['MDTM in/b', '213 20020717210715'],
      ['HASH in/b', `213 SHA-256 0-5 ${sha256('hello')} in/b`],
      ['SITE UTIME in/b 20030717210715 20030717210715 20030717210715 UTC', 200],
      ['MLST in/b', /size=5;modify=20030717210715;/],
      ['MFMT 20020717210715 in', 550],
      ['AVBL', 550],
    ]);
    expect(reads).toBe(0);
    const { id, key } = decodeEvent(lab.events[0]!).data.arrival;
    expect(await store.objects.head(key, id)).toMatchObject({ arrival: id, size: 5 });
  });

  it('digests are found by a listener that did not take the file', async () => {
    await put(talk, 'STOR in/c', 'other');
    const peer = await startFtpLab({ store });
    const other = await peer.logIn();
    reads = 0;
    await follow(other, [['HASH in/c', `213 SHA-256 0-5 ${sha256('other')} in/c`]]);
    expect(reads).toBe(0);
    other.socket.destroy();
    await peer.listener.stop(0);
  });

  it('parts of files are sent, and files are made of parts', async () => {
    await put(talk, 'STOR in/d.1.part', 'one ');
    await put(talk, 'STOR in/d.2.part', 'two');
    await transcript([
      ['COMB in/d in/d.1.part in/d.2.part', '250 The file is stored.'],
      ['SIZE in/d.1.part', 550],
      ['RANG 2 4', 350],
    ]);
    expect((await get(talk, 'RETR in/d')).toString()).toBe('e t');
    expect(await lab.stored('/in/d')).toEqual(Buffer.from('one two'));
  });
});

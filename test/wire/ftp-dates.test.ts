import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../core/event.ts';
import { type FtpLab, type FtpTalk, put, startFtpLab } from '../support/ftp-lab.ts';
import { type Exchange, follow } from '../support/transcript.ts';

let lab: FtpLab;
let talk: FtpTalk;
const start = async (partner: object = {}): Promise<void> => {
  lab = await startFtpLab({ partner });
  talk = await lab.logIn();
  await put(talk, 'STOR in/a', 'hello');
};
beforeEach(() => start());
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
});
const transcript = (exchanges: readonly Exchange[]): Promise<void> => follow(talk, exchanges);

describe('the time of a file', () => {
  it.each([
    ['MFMT 20020717210715 in/a', '213 Modify=20020717210715; in/a'],
    ['MFMT 20020717210715.25 in/a', '213 Modify=20020717210715.25; in/a'],
    ['MFF modify=20020717210715; in/a', '213 modify=20020717210715; in/a'],
    ['MFF Modify=20020717210715; in/a', '213 Modify=20020717210715; in/a'],
    ['MDTM 20020717210715 in/a', '213 20020717210715'],
    ['SITE UTIME 20020717210715 in/a', '200 The time is set.'],
    ['site utime in/a 20010101000000 20020717210715 20010101000000 UTC', '200 The time is set.'],
  ])('is set by %s', (command, answer) =>
    transcript([
      [command, answer],
      ['MDTM in/a', '213 20020717210715'],
      ['MLST in/a', /modify=20020717210715;/],
      ['LIST', 425],
    ]),
  );

  it('is set without seconds by SITE UTIME', () =>
    transcript([
      ['SITE UTIME 200207172107 in/a', 200],
      ['MDTM in/a', '213 20020717210700'],
      ['SITE UTIME in/a 200101010000 200307172107 200101010000 UTC', 200],
      ['MDTM in/a', '213 20030717210700'],
    ]));

  it('is set for names with spaces', async () => {
    await put(talk, 'STOR in/a b  c', 'x');
    await transcript([
      ['MFMT 20020717210715 in/a b  c', '213 Modify=20020717210715; in/a b  c'],
      ['MDTM in/a b  c', '213 20020717210715'],
      ['MFF modify=20030717210715; in/a b  c', 213],
      ['MDTM in/a b  c', '213 20030717210715'],
      ['SITE UTIME in/a b  c 20040717210715 20040717210715 20040717210715 UTC', 200],
      ['MDTM in/a b  c', '213 20040717210715'],
      ['SITE UTIME 20050717210715 in/a b  c', 200],
      ['MDTM in/a b  c', '213 20050717210715'],
      ['MDTM 20060717210715 in/a b  c', 213],
      ['MDTM in/a b  c', '213 20060717210715'],
    ]);
  });

  it('is told of a file whose name looks like a time and a name', async () => {
    await put(talk, 'STOR 20020717210715 x', 'x');
    await transcript([
      ['MFMT 20030717210715 20020717210715 x', 213],
      ['MDTM 20020717210715 x', '213 20030717210715'],
    ]);
  });

  it('stays the time of the same arrival', async () => {
    await talk.say('MFMT 20020717210715 in/a', 213);
    const { id, key } = decodeEvent(lab.events[0]!).data.arrival;
    expect(lab.events).toHaveLength(1);
    expect(await lab.store.objects.head(key, id)).toMatchObject({ size: 5, arrival: id });
  });

  it('is refused where it is none, or not to be set', () =>
    transcript([
      ['MFMT', 501],
      ['MFMT 20020717210715', 501],
      ['MFMT in/a 20020717210715', 501],
      ['MFMT 20020231210715 in/a', 501],
      ['MFMT 20021317210715 in/a', 501],
      ['MFMT 2002071721071 in/a', 501],
      ['MFMT 19691231235959 in/a', 501],
      ['MFMT 20161231235960 in/a', 213],
      ['MDTM in/a', '213 20170101000000'],
      ['MFMT 20020717210715 in/none', 550],
      ['MFMT 20020717210715 in', 550],
      ['MFMT 20020717210715 /', 550],
      ['MDTM 20020717210715 in', 550],
      ['MDTM', 501],
      ['MDTM in', 550],
      ['MDTM none', 550],
      ['MFF', 501],
      ['MFF in/a', 501],
      ['MFF modify=20020717210715 in/a', 501],
      ['MFF modify=tomorrow; in/a', 501],
      ['MFF modify=20020717210715;create=20020717210715; in/a', '504 MFF changes modify; only.'],
      ['MFF UNIX.mode=644; in/a', 504],
      ['MFF constructor=1; in/a', 504],
      ['MDTM in/a', '213 20170101000000'],
      ['MFCT', 501],
      ['MFCT x', 501],
      ['MFCT 20020717210715 in/a', '504 Creation times are not kept.'],
      ['SITE UTIME', 501],
      ['SITE UTIME in/a', 501],
      ['SITE UTIME 2002 in/a', 501],
      ['SITE UTIME 20021317210715 in/a', 501],
      ['SITE UTIME in/a 20020717210715 20020717210715 20020717210715', 501],
      ['SITE UTIME in/none 20020717210715 20020717210715 20020717210715 UTC', 550],
      ['SITE UTIME 20020717210715 in', 550],
    ]));

  it('may be set by who may write', async () => {
    await lab.listener.stop(0);
    await start({ permissions: [{ folder: '/out', allow: ['read', 'list'] }] });
    await lab.store.objects.put('files/acme/out/report', Buffer.from('x'));
    await transcript([
      ['MFMT 20020717210715 out/report', 550],
      ['SITE UTIME 20020717210715 out/report', 550],
      ['SITE CHMOD 600 out/report', 550],
      ['SITE CHMOD 600 in/a', 200],
    ]);
  });

  it('is set by an append-only partner while the file is new', async () => {
    await lab.listener.stop(0);
    await start({ appendOnly: true });
    await transcript([
      ['MFMT 20020717210715 in/a', 213],
      ['MFMT 20030717210715 in/a', 550],
      ['MDTM in/a', '213 20020717210715'],
    ]);
  });
});

it('SITE CHMOD is taken for what is there, and changes nothing', () =>
  transcript([
    ['STAT in/a', /-rw-r--r-- /],
    ['SITE CHMOD 600 in/a', 200],
    ['SITE CHMOD 0755 in', 200],
    ['STAT in/a', /-rw-r--r-- /],
    ['SITE CHMOD 600 none', 550],
    ['SITE CHMOD 888 in/a', 501],
    ['SITE CHMOD u+x in/a', 200],
    ['SITE CHMOD u=rw,go-w in/a', 200],
    ['SITE CHMOD u+y in/a', 501],
    ['SITE CHMOD 600', 501],
    ['SITE CHMOD', 501],
  ]));

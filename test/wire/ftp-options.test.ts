import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FtpLab, type FtpTalk, startFtpLab } from '../support/ftp-lab.ts';
import { type Exchange, follow } from '../support/transcript.ts';

let lab: FtpLab;
let talk: FtpTalk;
beforeEach(async () => {
  lab = await startFtpLab({ room: 123_456_789_012 });
  talk = await lab.logIn();
});
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
});
const transcript = (exchanges: readonly Exchange[]): Promise<void> => follow(talk, exchanges);

describe('what client and server agree on', () => {
  it('may be said before the login', async () => {
    const stranger = await lab.dial();
    await stranger.expect(220);
    await follow(stranger, [
      ['CLNT WinSCP-release-6.3.4', 200],
      ['CSID Name=FTP Voyager; Version=15.2;', '200 Name=Landfall; CaseSensitive=1; DirSep=/;'],
      ['LANG', 200],
      ['LANG EN', 200],
      ['OPTS UTF8 ON', 200],
      ['OPTS HASH', '200 SHA-256'],
      ['FEAT', 211],
      ['HASH x', 530],
      ['MFMT 20020717210715 x', 530],
      ['SITE HELP', 530],
    ]);
    stranger.socket.destroy();
  });

  it('is who the client is', () =>
    transcript([
      ['CLNT', 501],
      [`CLNT ${'x'.repeat(2000)}`, 200],
      ['CSID', 501],
      ['CSID nonsense', 200],
    ]));

  it('is the language, English only', () =>
    transcript([
      ['LANG en-US', 200],
      ['LANG en-GB', 200],
      ['LANG de', 504],
      ['LANG enough', 504],
      ['LANG EN*', 504],
    ]));

  it('are names in UTF-8', () =>
    transcript([
      ['OPTS', 501],
      ['OPTS UTF8', 200],
      ['OPTS UTF8 on', 200],
      ['opts utf-8 on', 200],
      ['OPTS UTF8 NLST', 200],
      ['OPTS UTF8 OFF', 200],
      ['OPTS UTF8 MAYBE', 501],
      ['OPTS PASV', 501],
      ['OPTS constructor', 501],
    ]));

  it('are the facts of MLST, in any case of letters', () =>
    transcript([
      ['OPTS MLST Size;TYPE;unique;', '200 MLST OPTS type;size;'],
      ['OPTS MLST', '200 MLST OPTS'],
    ]));
});

describe('AVBL', () => {
  it('tells what room is left', () =>
    transcript([
      ['AVBL', '213 123456789012'],
      ['AVBL in', '213 123456789012'],
      ['AVBL /in/', '213 123456789012'],
      ['AVBL none', 550],
    ]));

  it('is refused where nobody knows, and where nothing may be written', async () => {
    await lab.listener.stop(0);
    lab = await startFtpLab({ partner: { permissions: [{ folder: '/out', allow: ['list', 'read'] }] } });
    talk = await lab.logIn();
    await transcript([
      ['AVBL', '550 There is no limit that is known here.'],
      ['AVBL out', 550],
    ]);
    expect(lab.events).toEqual([]);
  });
});

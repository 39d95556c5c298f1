import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../services/ftp/commands/all.ts';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';
import { type Exchange, follow } from '../support/transcript.ts';

let lab: FtpLab;
let talk: FtpTalk;
beforeEach(async () => {
  lab = await startFtpLab();
  talk = await lab.logIn();
});
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
  expect(lab.pool.used).toBe(0);
});

const transcript = (lines: readonly Exchange[]): Promise<void> => follow(talk, lines);

describe('login', () => {
  it('needs USER, then PASS, before anything else', async () => {
    const stranger = await lab.dial();
    expect(await stranger.expect(220)).toBe('220 Landfall FTP ready.');
    await stranger.say('PWD', 530);
    await stranger.say('PASS secret', 503);
    await stranger.say('USER', 501);
    await stranger.say('USER acme', 331);
    await stranger.say('PWD', 530);
    await stranger.say('PASS wrong', 530);
    await stranger.say('PASS secret', 503);
    await stranger.say('user acme', 331);
    await stranger.say('pass secret', 230);
    await stranger.say('PASS secret', 503);
    await stranger.say('ACCT x', 202);
    await stranger.say('REIN', 220);
    await stranger.say('PWD', 530);
    await stranger.say('QUIT', 221);
    await stranger.closed;
  });

  it('ends the connection after three failures', async () => {
    const stranger = await lab.dial();
    await stranger.expect(220);
    for (const code of [530, 530, 421]) {
      await stranger.say('USER acme', 331);
      await stranger.say('PASS wrong', code);
    }
    await stranger.closed;
  });

  it('lets another user log in, in the same connection', async () => {
    await transcript([
      ['CWD /in', 250],
      ['USER acme', 331],
      ['PWD', 530],
      ['PASS secret', 230],
      ['PWD', '257 "/" is the current folder.'],
    ]);
  });

  it('refuses all but the rows that say "always" to strangers', async () => {
    for (const [verb, { when }] of Object.entries(COMMANDS)) {
      if (when !== 'ready') continue;
      const stranger = await lab.dial();
      await stranger.expect(220);
      await stranger.say(`${verb} x`, 530);
      stranger.socket.destroy();
    }
  });
});

describe('syntax and order', () => {
  it.each(Object.entries(COMMANDS).filter(([verb]) => verb !== 'PASS'))(
    '%s checks its argument',
    async (verb, row) => {
      if (row.argument === 'none') await talk.say(`${verb} x`, 501);
      if (row.argument === 'required' || row.argument === 'path') await talk.say(verb, 501);
    },
  );

  it('tells what it does not know from what it does not have', () =>
    transcript([
      ['XYZZY', 500],
      ['constructor', 500],
      ['__proto__', 500],
      ['SMNT /', 502],
      ['SITE NONSENSE', 500],
      ['SITE constructor', 500],
      ['SITE HELP', /^214-The SITE commands:\n( [A-Z]+( .*)?: .*\n)+214 End$/],
      ['HELP SITE', /^214-The SITE commands:\n/],
      ['HELP', /^214-The commands:\n( ([A-Z0-9]+ *)+\n)+214 End$/],
      ['HELP', / XSHA256 +XSHA512/],
      ['HELP stor', /^214 STOR <file>: /],
      ['HELP nothing', 502],
      ['OPTS nothing', 501],
    ]));

  it('takes transfer parameters, and says which it does not have', () =>
    transcript([
      ['TYPE A', 200],
      ['TYPE a n', 200],
      ['TYPE A T', 504],
      ['TYPE E', 504],
      ['TYPE I', 200],
      ['TYPE L 8', 200],
      ['TYPE L8', 200],
      ['TYPE L 36', 504],
      ['TYPE X', 501],
      ['STRU F', 200],
      ['STRU R', 504],
      ['STRU P', 504],
      ['STRU X', 501],
      ['MODE S', 200],
      ['MODE X', 501],
      ['MODE B', 504],
      ['MODE C', 504],
      ['REST 12', 350],
      ['REST -1', 501],
      ['REST 99999999999999999999', 501],
      ['ALLO 5', 200],
      ['ALLO 5 R 10', 200],
      ['ALLO x', 501],
      ['SYST', '215 UNIX Type: L8'],
      ['NOOP', 200],
    ]));

  it('wants RNFR before RNTO, right before it', () =>
    transcript([
      ['RNTO /in/b', 503],
      ['RNFR /in/none', 550],
      ['RNTO /in/b', 503],
      ['RNFR /in', 350],
      ['PWD', 257],
      ['RNTO /in2', 503],
      ['RNFR /in', 350],
      ['NOOP', 200],
      ['RNTO /in2', 250],
      ['CWD /in2', 250],
    ]));

  it('wants a data connection before a transfer', () =>
    transcript([
      ['STOR x', 425],
      ['RETR x', 425],
      ['LIST', 425],
      ['NLST', 425],
      ['MLSD', 425],
      ['APPE x', 425],
      ['STOU', 425],
      ['ABOR', 226],
    ]));
});

describe('folders', () => {
  it('are gone into, made, removed, and quoted', () =>
    transcript([
      ['PWD', '257 "/" is the current folder.'],
      ['MKD a "quoted" name', '257 "/a ""quoted"" name" is made.'],
      ['MKD a "quoted" name', 550],
      ['CWD a "quoted" name', 250],
      ['PWD', '257 "/a ""quoted"" name" is the current folder.'],
      ['XPWD', 257],
      ['CDUP', '250 "/" is the current folder.'],
      ['CDUP', '250 "/" is the current folder.'],
      ['CWD ../../../etc', 550],
      ['CWD none', 550],
      ['RMD a "quoted" name', 250],
      ['XMKD x', 257],
      ['XCWD x', 250],
      ['CWD ..', 250],
      ['XRMD x', 250],
      ['RMD x', 550],
      ['RMD /', 550],
      ['DELE none', 550],
      ['DELE in', 550],
    ]));
});

describe('files', () => {
  it('are uploaded, looked at, renamed, removed', async () => {
    expect(await put(talk, 'STOR in/po.x12', 'hello')).toBe('226 The file is stored.');
    expect(await lab.stored('/in/po.x12')).toEqual(Buffer.from('hello'));
    await transcript([
      ['SIZE in/po.x12', '213 5'],
      ['SIZE in', 550],
      ['SIZE none', 550],
      ['MDTM in', 550],
      ['CWD in/po.x12', 550],
      ['TYPE A', 200],
      ['SIZE in/po.x12', 550],
      ['TYPE I', 200],
      ['RNFR in/po.x12', 350],
      ['RNTO in/b', 250],
      ['STAT in/none', 550],
    ]);
    expect(await talk.say('MDTM in/b', 213)).toMatch(/^213 \d{14}$/);
    expect((await get(talk, 'RETR in/b')).toString()).toBe('hello');
    expect(await talk.say('STAT in/b', 213)).toMatch(
      /^213-Status:\n -rw-r--r-- 1 ftp ftp +5 \w{3} [ \d]\d \d\d:\d\d b\n213 End$/,
    );
    await transcript([
      ['DELE in/b', 250],
      ['RETR in/b', 425],
    ]);
    await talk.passive();
    await talk.say('RETR in/b', 550);
    expect(lab.events).toHaveLength(1);
  });

  it('get unique names by STOU', async () => {
    const data = await talk.passive();
    const opening = await talk.say('STOU in/po.x12', 150);
    const path = /^150 FILE: (\/in\/po-[0-9a-f]{16}\.x12)$/.exec(opening)![1]!;
    data.end('x');
    await talk.expect(226);
    expect(await lab.stored(path)).toEqual(Buffer.from('x'));
  });

  it('grow by APPE, and go on from REST', async () => {
    await put(talk, 'STOR in/a', 'hello');
    await put(talk, 'APPE in/a', ' world');
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('hello world'));
    await talk.say('REST 6', 350);
    expect((await get(talk, 'RETR in/a')).toString()).toBe('world');
    expect((await get(talk, 'RETR in/a')).toString()).toBe('hello world');
    await talk.say('REST 5', 350);
    expect(await put(talk, 'STOR in/a', '!')).toMatch(/^226/);
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('hello!'));
    await talk.passive();
    await transcript([
      ['REST 100', 350],
      ['RETR in/a', 554],
    ]);
    await talk.passive();
    await transcript([
      ['REST 100', 350],
      ['STOR in/a', 554],
      ['TYPE A', 200],
    ]);
    await talk.passive();
    await transcript([
      ['REST 1', 350],
      ['RETR in/a', 555],
      ['REST 1', 350],
      ['STOR in/a', 555],
    ]);
  });

  it('are texts in TYPE A', async () => {
    await talk.say('TYPE A', 200);
    await put(talk, 'STOR in/a', 'one\r\ntwo\rthree\r\n\r');
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('one\ntwo\rthree\n\r'));
    expect((await get(talk, 'RETR in/a')).toString()).toBe('one\r\ntwo\rthree\r\n\r');
  });

  it('must have the size that ALLO announced', async () => {
    await talk.say('ALLO 6', 200);
    expect(await put(talk, 'STOR in/a', 'hello')).toMatch(/^426 .*5 of the 6 bytes/);
    expect(await lab.stored('/in/a')).toBeUndefined();
    expect(await talk.say('SIZE in/a', 213)).toBe('213 4');
    await talk.say('REST 4', 350);
    await talk.say('ALLO 2', 200);
    expect(await put(talk, 'STOR in/a', 'o!')).toMatch(/^226/);
    expect(await lab.stored('/in/a')).toEqual(Buffer.from('hello!'));
  });

  it('are refused with the reason', async () => {
    expect(await put(talk, 'STOR in/empty', '')).toBe('550 Empty files are not taken here.');
    await talk.passive();
    await transcript([
      ['STOR in', 550],
      [`STOR ${'n'.repeat(300)}`, 553],
      ['STOR a\0b', 553],
      ['STOR a\rb', 553],
    ]);
  });
});

describe('listings', () => {
  beforeEach(async () => {
    await put(talk, 'STOR in/a.txt', 'hello');
    await put(talk, 'STOR in/b.x12', 'world!');
  });

  const lines = async (command: string): Promise<string[]> =>
    (await get(talk, command)).toString().split('\r\n').slice(0, -1).sort();

  it('name names that can be used again', async () => {
    expect(await lines('NLST')).toEqual(['in', 'out']);
    expect(await lines('NLST in')).toEqual(['in/a.txt', 'in/b.x12']);
    expect(await lines('NLST /in/')).toEqual(['/in/a.txt', '/in/b.x12']);
    expect(await lines('NLST in/*.txt')).toEqual(['in/a.txt']);
    expect(await lines('NLST in/*.none')).toEqual([]);
    expect(await lines('NLST in/a.txt')).toEqual(['in/a.txt']);
    expect(await lines('NLST -a -R in')).toEqual(['in/a.txt', 'in/b.x12']);
    expect(await lines('NLST -d in/')).toEqual(['in']);
    expect(await lines('NLST -d')).toEqual(['.']);
    expect(await lines('NLST -d in/*')).toEqual(['in/a.txt', 'in/b.x12']);
    expect(await lines('NLST in/{a,b}.*')).toEqual(['in/a.txt', 'in/b.x12']);
    expect(await lines('NLST in/[!a]*')).toEqual(['in/b.x12']);
    expect(await lines('NLST in/?.txt')).toEqual(['in/a.txt']);
    expect(await lines('NLST out')).toEqual([]);
    await talk.passive();
    await talk.say('NLST none', 550);
    await talk.passive();
    await talk.say('NLST none/*', 550);
  });

  it('look like ls -l', async () => {
    expect(await lines('LIST -la')).toEqual([
      expect.stringMatching(/^drwxr-xr-x 1 ftp ftp +0 \w{3} [ \d]\d {2}1970 in$/),
      expect.stringMatching(/^drwxr-xr-x 1 ftp ftp +0 \w{3} [ \d]\d {2}1970 out$/),
    ]);
    expect(await lines('LIST -ld in')).toEqual([expect.stringMatching(/^drwxr-xr-x .* in$/)]);
    expect(await lines('LIST -R out')).toEqual([]);
    expect(await lines('LIST in/b.x12')).toEqual([
      expect.stringMatching(/^-rw-r--r-- 1 ftp ftp +6 .* b\.x12$/),
    ]);
  });

  it('have facts, as many as were asked for', async () => {
    expect(await lines('MLSD in')).toEqual([
      expect.stringMatching(/^type=file;size=5;modify=\d{14};perm=adfrw; a\.txt$/),
      expect.stringMatching(/^type=file;size=6;modify=\d{14};perm=adfrw; b\.x12$/),
    ]);
    expect(await talk.say('FEAT', 211)).toBe(
      [
        '211-Features:',
        ...[
          ' HOST',
          ' MODE Z',
          ' REST STREAM',
          ' RANG STREAM',
          ' EPSV',
          ' EPRT',
          ' MLST type*;size*;modify*;perm*;',
          ' SIZE',
          ' AVBL',
          ' MDTM',
          ' MFMT',
          ' MFF modify;',
          ' HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32;',
          ' XCRC',
          ' XMD5',
          ' XSHA',
          ' XSHA1',
          ' XSHA256',
          ' XSHA512',
          ' COMB target;source_list',
          ' CLNT',
          ' CSID',
          ' LANG EN*',
          ' TVFS',
          ' UTF8',
        ],
        '211 End',
      ].join('\n'),
    );
    expect(await talk.say('OPTS MLST size;nonsense;', 200)).toBe('200 MLST OPTS size;');
    expect(await talk.say('MLST in/a.txt', 250)).toBe('250-Facts follow.\n size=5; /in/a.txt\n250 End');
    expect(await talk.say('FEAT', 211)).toContain('MLST type;size*;modify;perm;');
    await transcript([
      ['OPTS MLST', '200 MLST OPTS'],
      ['MLST', '250-Facts follow.\n  /\n250 End'],
    ]);
    await talk.passive();
    await talk.say('MLSD in/a.txt', 501);
  });
});

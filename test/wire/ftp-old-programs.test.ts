import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';
import { type Exchange, follow } from '../support/transcript.ts';

/** What programs say that do not run where the tests do, and what they make of the answers. */

let lab: FtpLab;
let talk: FtpTalk;

/** In the type that holds until one is said. */
async function logInWithoutType(at: FtpLab): Promise<FtpTalk> {
  const dialled = await at.dial();
  await dialled.expect(220);
  await dialled.say('USER acme', 331);
  await dialled.say('PASS secret', 230);
  return dialled;
}

beforeEach(async () => {
  lab = await startFtpLab();
  talk = await logInWithoutType(lab);
});
afterEach(async () => {
  talk.socket.destroy();
  await lab.listener.stop(0);
});

const transcript = (lines: readonly Exchange[]): Promise<void> => follow(talk, lines);
const lines = async (command: string): Promise<string[]> =>
  (await get(talk, command)).toString().split('\r\n').slice(0, -1);

describe('SIZE', () => {
  it("tells .NET's FtpWebRequest, which says no TYPE before it, whether a file is there", async () => {
    await put(talk, 'STOR in/po.x12', 'hello\n');
    await transcript([
      ['OPTS utf8 on', 200],
      ['PWD', '257 "/" is the current folder.'],
      ['SIZE in/po.x12', '213 6'],
      ['SIZE in/none.x12', 550],
    ]);
  });

  it('has FluentFTP say TYPE I, by the word ASCII', async () => {
    await put(talk, 'STOR in/a', 'hello');
    await transcript([
      ['TYPE A', 200],
      ['SIZE in/a', /^550 .*ascii/i],
      ['TYPE I', 200],
      ['SIZE in/a', '213 5'],
      ['TYPE A', 200],
      ['REIN', 220],
      ['USER acme', 331],
      ['PASS secret', 230],
      ['SIZE in/a', '213 5'],
    ]);
  });
});

it('FileZilla and FluentFTP read that a folder is there already', () =>
  transcript([
    ['MKD in', /^550 .*folder already exists/i],
    ['CWD in', 250],
  ]));

it('FluentFTP knows the reply to a NOOP that it sent beside a transfer', async () => {
  const data = await talk.passive();
  await talk.say('STOR in/a', 150);
  expect(await talk.say('NOOP', 200)).toContain('NOOP');
  data.end('hello');
  await talk.expect(226);
});

it('cameras and scanners without a folder in their settings stay where they are', () =>
  transcript([
    ['CWD in', 250],
    ['CWD', '250 "/in" is the current folder.'],
    ['CWD ', '250 "/in" is the current folder.'],
    ['XCWD', '250 "/in" is the current folder.'],
  ]));

it('z/OS describes its data set by SITE before each file, and goes on', async () => {
  await talk.say('SITE VARrecfm LRECL=128 RECFM=VB BLKSIZE=6144', 500);
  expect(await put(talk, 'STOR in/po.x12', 'hello\r\n')).toMatch(/^226/);
});

it('scripts for IBM i and for Unix set what there is only one of here', () =>
  transcript([
    ['SITE NAMEFMT 1', '200 Now using naming format "1".'],
    ['SITE NAMEFMT', 200],
    ['SITE NAMEFMT 0', 501],
    ['SITE UMASK 022', 200],
    ['SITE UMASK x', 501],
    ['SITE HELP', /\n NAMEFMT .*\n UMASK /],
  ]));

it('MDTM with a time takes one with a fraction', async () => {
  await put(talk, 'STOR in/a', 'hello');
  await transcript([
    ['MDTM 20200102030405.678 in/a', '213 20200102030405.678'],
    ['MDTM in/a', '213 20200102030405'],
  ]);
});

it('paths may be written as on Windows where listings are', async () => {
  const dos = await startFtpLab({ partner: { ftp: { listing: 'dos' } } });
  const script = await logInWithoutType(dos);
  await follow(script, [
    ['CWD \\in', '250 "/in" is the current folder.'],
    ['MKD new\\orders', '257 "/in/new/orders" is made.'],
    ['CWD ..\\..', '250 "/" is the current folder.'],
  ]);
  await put(script, 'STOR in\\new\\po.x12', 'hello');
  expect(await dos.stored('/in/new/po.x12')).toEqual(Buffer.from('hello'));
  expect((await get(script, 'NLST \\in\\new')).toString()).toBe('/in/new/orders\r\n/in/new/po.x12\r\n');
  script.socket.destroy();
  await dos.listener.stop(0);
  await transcript([['CWD \\in', 550]]);
});

it("Explorer's questions at the beginning have answers", () =>
  transcript([
    ['opts utf8 on', 200],
    ['syst', '215 UNIX Type: L8'],
    ['site help', /^214-/],
    ['PWD', 257],
    ['noop', 200],
    ['CWD /', 250],
    ['TYPE A', 200],
    ['PASV', 227],
  ]));

it("Ruby's Net::FTP sends STAT as urgent data, whose last byte does not come in the stream", async () => {
  talk.send('STAT\r');
  await talk.expect(211);
  await talk.say('PWD', 257);
  talk.send('QUIT\r');
  await talk.expect(221);
});

it('empty lines, which some routers put in, are answered with nothing', async () => {
  talk.send('\r\n\r\nPWD\r\n\n\r\n');
  await talk.expect(257);
  await transcript([
    ['NOOP', 200],
    [' ', 500],
  ]);
});

it('lines may end with more than one CR', () => transcript([['PWD\r', 257]]));

describe('listings', () => {
  const names = ['b.txt', 'a.txt', 'c.txt'];
  beforeEach(async () => {
    for (const [index, name] of names.entries()) {
      await put(talk, `STOR in/${name}`, 'hello');
      await talk.say(`MFMT 2020010100000${index} in/${name}`, 213);
    }
  });

  it('are by name, or the newest first, or the other way round', async () => {
    await talk.say('CWD in', 250);
    expect(await lines('NLST')).toEqual(['a.txt', 'b.txt', 'c.txt']);
    expect(await lines('NLST *.txt')).toEqual(['a.txt', 'b.txt', 'c.txt']);
    expect(await lines('NLST -r')).toEqual(['c.txt', 'b.txt', 'a.txt']);
    expect(await lines('NLST -t')).toEqual(['c.txt', 'a.txt', 'b.txt']);
    expect(await lines('NLST -tr')).toEqual(['b.txt', 'a.txt', 'c.txt']);
    expect((await lines('LIST -lart')).map((line) => line.slice(-5))).toEqual(['b.txt', 'a.txt', 'c.txt']);
  });

  it("are lines where Windows' ftp.exe says NLST -l for ls -l", async () => {
    expect(await lines('NLST -l in')).toEqual(await lines('LIST in'));
    expect(await lines('NLST -la in')).toHaveLength(3);
    expect(await lines('NLST -a in')).toEqual(['in/a.txt', 'in/b.txt', 'in/c.txt']);
  });
});

describe('a program that says no TYPE', () => {
  const picture = Buffer.from('\x89PNG\r\n\x1a\n\0\r\n', 'latin1');
  /** Of many chunks, with the first NUL where a head ends. */
  const archive = Buffer.concat([Buffer.alloc(8191, '\r\n'), Buffer.alloc(300_000, '\0\n')]);
  const text = 'one\r\ntwo\r\n';

  it.each([
    ['picture', picture],
    ['archive', archive],
  ])('has its %s kept as it is, both ways', async (_, bytes) => {
    expect(await put(talk, 'STOR in/a', bytes)).toMatch(/^226/);
    expect(bytes.equals((await lab.stored('/in/a'))!)).toBe(true);
    expect(bytes.equals(await get(talk, 'RETR in/a'))).toBe(true);
  });

  it('sends texts all the same', async () => {
    await put(talk, 'STOR in/a', text);
    expect(String(await lab.stored('/in/a'))).toBe('one\ntwo\n');
    expect(String(await get(talk, 'RETR in/a'))).toBe(text);
  });

  it('but not one that has said TYPE A, and converts itself', async () => {
    await talk.say('TYPE A', 200);
    await put(talk, 'STOR in/a', picture);
    expect(await lab.stored('/in/a')).toHaveLength(picture.length - 2);
    await talk.say('TYPE I', 200);
    await put(talk, 'STOR in/a', 'a\0\n');
    await talk.say('TYPE A', 200);
    expect(String(await get(talk, 'RETR in/a'))).toBe('a\0\r\n');
  });

  it('has all kept as it is where its partner says so', async () => {
    const keeping = await startFtpLab({ partner: { ftp: { ascii: 'keep' } } });
    const camera = await logInWithoutType(keeping);
    await put(camera, 'STOR in/a', text);
    expect(String(await keeping.stored('/in/a'))).toBe(text);
    await follow(camera, [
      ['TYPE A', 200],
      ['SIZE in/a', `213 ${text.length}`],
      ['RANG 0 3', 350],
      ['RANG 1 0', 350],
    ]);
    expect(String(await get(camera, 'RETR in/a'))).toBe(text);
    await camera.say('REST 5', 350);
    expect(String(await get(camera, 'RETR in/a'))).toBe('two\r\n');
    await camera.say('REST 5', 350);
    expect(await put(camera, 'STOR in/a', 'two\r\n')).toMatch(/^226/);
    expect(String(await keeping.stored('/in/a'))).toBe(text);
    camera.socket.destroy();
    await keeping.listener.stop(0);
  });
});

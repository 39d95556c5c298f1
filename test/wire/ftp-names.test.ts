import { Buffer } from 'node:buffer';
import iconv from 'iconv-lite';
import { afterEach, describe, expect, it } from 'vitest';
import type { charsets } from '../../core/partner.ts';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function start(ftp: object): Promise<{ lab: FtpLab; talk: FtpTalk }> {
  const lab = await startFtpLab({ partner: { ftp } });
  cleanUp.push(() => lab.listener.stop(0));
  const talk = await lab.logIn();
  await talk.say('CWD in', 250);
  return { lab, talk };
}

/** Uploads under a name of these bytes; answers the last reply. */
async function putBytes(talk: FtpTalk, name: Buffer, content: string): Promise<string> {
  const data = await talk.passive();
  talk.send(Buffer.concat([Buffer.from('STOR '), name, Buffer.from('\r\n')]));
  await talk.expect(150);
  data.end(content);
  return talk.reply();
}

/** A name in each charset that is not UTF-8 by chance. */
const names: Record<(typeof charsets)[number], string> = {
  'iso-8859-1': 'Größe',
  'iso-8859-2': 'Łódź',
  'iso-8859-5': 'Россия',
  'iso-8859-7': 'Αθήνα',
  'iso-8859-9': 'İstanbul ğ',
  'iso-8859-15': '5 €',
  'windows-1250': 'Łódź',
  'windows-1251': 'Привет я',
  'windows-1252': '5 € “x”',
  'windows-1253': 'Αθήνα',
  'windows-1254': 'İstanbul ğ',
  cp437: 'Größe',
  cp850: 'Größe',
  cp852: 'Łódź',
  cp866: 'Россия',
  shift_jis: '表計算ソ',
  'euc-jp': '日本語',
  gbk: '中文文件',
  big5: '中文檔案',
  'euc-kr': '한국어',
};

describe('a client that does not speak UTF-8', () => {
  it.each(Object.entries(names))('is understood and answered in %s', async (charset, name) => {
    const { lab, talk } = await start({ charset });
    const bytes = iconv.encode(name, charset);
    expect(iconv.decode(bytes, charset)).toBe(name);
    expect(await putBytes(talk, bytes, 'x')).toMatch(/^226/);
    expect((await lab.stored(`/in/${name}`))?.toString()).toBe('x');
    for (const verb of ['NLST', 'LIST', 'MLSD']) {
      expect((await get(talk, verb)).includes(Buffer.concat([bytes, Buffer.from('\r\n')]))).toBe(true);
    }
    // And in UTF-8 again when it asks for that.
    await talk.say('OPTS UTF8 ON', 200);
    expect((await get(talk, 'NLST')).toString()).toBe(`${name}\r\n`);
    await talk.say('OPTS UTF8 OFF', 200);
    expect((await get(talk, 'NLST')).subarray(0, -2)).toEqual(bytes);
  });

  it('gets paths of replies in its charset', async () => {
    const { talk } = await start({ charset: 'iso-8859-1' });
    talk.socket.setEncoding('latin1');
    talk.send(Buffer.from('MKD gr\xfcn\r\n', 'latin1'));
    expect(await talk.expect(257)).toBe('257 "/in/grün" is made.');
    talk.send(Buffer.from('CWD gr\xfcn\r\n', 'latin1'));
    await talk.expect(250);
    expect(await talk.say('PWD', 257)).toBe('257 "/in/grün" is the current folder.');
  });

  it('may have letters in it that look like a Telnet command, doubled or not', async () => {
    const { lab, talk } = await start({ charset: 'windows-1251' });
    expect(await putBytes(talk, Buffer.from([0xff, 0xf2, 0xfc]), 'x')).toMatch(/^226/);
    expect(await putBytes(talk, Buffer.from([0xff, 0xff, 0xec]), 'y')).toMatch(/^226/);
    expect(await lab.stored('/in/ять')).toBeDefined();
    expect(await lab.stored('/in/ям')).toBeDefined();
  });

  it('has no name that is in neither', async () => {
    const { talk } = await start({ charset: 'shift_jis' });
    await talk.passive();
    talk.send(Buffer.from('STOR a\xff\xff\xa0b\r\n', 'latin1'));
    expect(await talk.expect(553)).toContain('not in UTF-8 and not in shift_jis');
    // It is a fault of the name, and changes nothing.
    expect(await put(talk, 'STOR grün', 'x')).toMatch(/^226/);
    expect((await get(talk, 'NLST')).toString()).toBe('grün\r\n');
  });

  it('is not heard where the client has asked for UTF-8', async () => {
    const { lab, talk } = await start({ charset: 'iso-8859-1' });
    await talk.say('OPTS UTF8 ON', 200);
    expect(await putBytes(talk, Buffer.from('gr\xfcn', 'latin1'), 'x')).toMatch(/^226/);
    expect(await lab.stored('/in/grün')).toBeDefined();
    expect((await get(talk, 'NLST')).toString()).toBe('grün\r\n');
  });

  it('gets its charset before it has sent a name, where that is agreed on', async () => {
    const { lab, talk } = await start({ charset: 'cp850', assumeUtf8: false });
    await lab.store.objects.put('files/acme/in/grün', Buffer.from('x'));
    expect(await get(talk, 'NLST')).toEqual(Buffer.from('gr\x81n\r\n', 'latin1'));
    await talk.say('OPTS UTF8 ON', 200);
    expect((await get(talk, 'NLST')).toString()).toBe('grün\r\n');
  });

  it('sends its login before anything is known of it', async () => {
    const { lab } = await start({ charset: 'shift_jis' });
    const talk = await lab.dial();
    await talk.expect(220);
    talk.send(Buffer.from('USER gr\xfcn\r\n', 'latin1'));
    await talk.expect(331);
    await talk.say('PASS x', 530);
    await talk.say('USER acme', 331);
    await talk.say('PASS secret', 230);
    expect(await put(talk, 'STOR in/日本', 'x')).toMatch(/^226/);
    expect((await get(talk, 'NLST in')).toString()).toBe('in/日本\r\n');
  });
});

describe('a name', () => {
  const odd = [
    ' leading',
    'trailing ',
    '  ',
    '-la',
    '--',
    'a"b""c',
    '"',
    'tab\there',
    'back\\slash',
    "it's;$(x)`y`&|<>*?[z]",
    '~',
    '.hidden',
    '...',
    'x'.repeat(255),
    'é'.repeat(127),
    '日本語.txt',
    'é (composed) é (not)',
    '\u{1f4e6} 👩‍👩‍👧',
    '\x7f\x1b[31m\x85',
    '%20%00',
    'type=dir; x',
    '-rw-r--r-- 1 ftp ftp 5 Jan 1 00:00 x',
  ];

  it.each(odd)('%j goes both ways, is listed and quoted, renamed and removed', async (name) => {
    const { lab, talk } = await start({});
    expect(await put(talk, `STOR ${name}`, 'content')).toMatch(/^226/);
    expect((await lab.stored(`/in/${name}`))?.toString()).toBe('content');
    expect((await get(talk, `RETR ${name}`)).toString()).toBe('content');
    expect((await get(talk, 'NLST')).toString()).toBe(`${name}\r\n`);
    expect((await get(talk, 'LIST')).toString()).toMatch(
      /^-rw-r--r-- 1 ftp ftp {12}7 \w{3} [ \d]\d \d\d:\d\d /,
    );
    expect((await get(talk, 'LIST')).toString().slice(-name.length - 3)).toBe(` ${name}\r\n`);
    expect((await get(talk, 'MLSD')).toString().endsWith(`; ${name}\r\n`)).toBe(true);
    expect(await talk.say(`SIZE ${name}`, 213)).toBe('213 7');
    expect(await talk.say(`MLST ${name}`, 250)).toContain(`; /in/${name}\n`);
    await talk.say(`RNFR ${name}`, 350);
    await talk.say('RNTO plain', 250);
    await talk.say('DELE plain', 250);

    const quoted = `"/in/${name.replaceAll('"', '""')}"`;
    expect(await talk.say(`MKD ${name}`, 257)).toBe(`257 ${quoted} is made.`);
    await talk.say(`CWD ${name}`, 250);
    expect(await talk.say('PWD', 257)).toBe(`257 ${quoted} is the current folder.`);
    await talk.say('CDUP', 250);
    await talk.say(`RMD ${name}`, 250);
  });
});

describe('the style of listings', () => {
  it.each([
    ['unix', 'UNIX Type: L8', /^-rw-r--r-- 1 ftp ftp {12}7 \w{3} [ \d]\d \d\d:\d\d a b$/],
    ['dos', 'Windows_NT', /^\d\d-\d\d-\d\d {2}\d\d:\d\d[AP]M {20}7 a b$/],
    ['facts', 'UNIX Type: L8', /^type=file;size=7;modify=\d{14};perm=adfrw; a b$/],
  ])('is %s where that is agreed on', async (listing, system, line) => {
    const { talk } = await start({ listing });
    expect(await put(talk, 'STOR a b', 'content')).toMatch(/^226/);
    expect(await talk.say('SYST', 215)).toBe(`215 ${system}`);
    expect((await get(talk, 'LIST')).toString().trimEnd()).toMatch(line);
    expect((await get(talk, 'LIST /in')).toString().trimEnd()).toMatch(line);
    const [, stat] = (await talk.say('STAT .', 213)).split('\n');
    expect(stat!.slice(1)).toMatch(line);
    expect((await get(talk, 'NLST')).toString()).toBe('a b\r\n');
    expect((await get(talk, 'MLSD')).toString()).toMatch(/^type=file;/);
  });
});

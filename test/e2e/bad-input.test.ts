import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FtpTalk, get, put } from '../support/ftp-lab.ts';
import { startLandfall } from '../support/landfall-process.ts';
import { logIn, makeDataFolder, runMain, said, writePartner } from './lab.ts';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** `scan` as the partner's file says it: what is wrong in these tests. */
async function dataFolder(scan = 'off') {
  const data = await makeDataFolder(() => ({ feeds: [{ name: 'files', path: '/in/**', scan }] }));
  cleanUp.push(data.remove);
  return { ...data, partnerFile: join(data.path, 'partners/acme.yaml') };
}

async function start(dataPath: string) {
  const landfall = await startLandfall({
    dataFolder: dataPath,
    env: { LANDFALL_SIGNATURES: '/nonexistent' },
  });
  cleanUp.push(landfall.kill);
  return landfall;
}

it('lists every fault of its settings and ends with 2', async () => {
  const { path } = await dataFolder();
  const { code, output } = await runMain({
    LANDFALL_DATA: path,
    LANDFALL_FTP_PORT: '70000',
    LANDFALL_MEMORY: 'lots',
    LANDFALL_FTP_IDLE_TIMEOUT: '5',
    LANDFALL_QUEUE: 'rabbit:',
    LANDFALL_NONSENSE: '1',
  });
  expect(code).toBe(2);
  for (const name of ['FTP_PORT', 'MEMORY', 'FTP_IDLE_TIMEOUT', 'QUEUE', 'NONSENSE']) {
    expect(output).toMatch(new RegExp(`^  LANDFALL_${name}: \\S`, 'm'));
  }
  expect(output).not.toContain('    at ');
});

it('does not start with a wrong partner file, and says where it is wrong', async () => {
  const { path, partnerFile } = await dataFolder('sometimes');
  const { code, output } = await runMain({ LANDFALL_DATA: path, LANDFALL_FTP_PORT: '0' });
  expect(code).toBe(1);
  expect(output).toMatch(new RegExp(`^  ${partnerFile}:\\d+:\\d+: feeds\\[0\\]\\.scan: .*"sometimes"`, 'm'));
});

it('keeps the rules that were right when a partner file becomes wrong, and takes it when it is mended', async () => {
  const { path, partnerFile } = await dataFolder();
  const landfall = await start(path);
  await writePartner(path, { feeds: [], existing: 'sometimes' });
  const wrong = await landfall.line((line) => Array.isArray(line.faults));
  expect(wrong.faults).toEqual([expect.stringMatching(new RegExp(`^${partnerFile}:\\d+:\\d+: existing: `))]);
  const talk = await logIn(landfall.ftp.port);
  expect(await put(talk, 'STOR /in/now.txt', 'by the old rules')).toMatch(/^226 /);
  expect((await landfall.line(said('routed', '/in/now.txt'))).feed).toBe('files');

  await writePartner(path, { feeds: [{ name: 'mended', path: '/in/**', scan: 'off' }] });
  await landfall.line((line) => line.msg === "read the partners' files again");
  const later = await logIn(landfall.ftp.port);
  expect(await put(later, 'STOR /in/later.txt', 'by the new ones')).toMatch(/^226 /);
  expect((await landfall.line(said('routed', '/in/later.txt'))).feed).toBe('mended');
});

it('lets no name out of its root', async () => {
  const { path } = await dataFolder();
  const landfall = await start(path);
  await writeFile(join(path, 'secret.txt'), 'not for partners');
  const talk = await logIn(landfall.ftp.port);
  expect(await put(talk, 'STOR ../../in/../in/./up.txt', 'up')).toMatch(/^226 /);
  expect((await get(talk, 'RETR /in/up.txt')).toString()).toBe('up');
  await talk.passive();
  await talk.say('STOR ../../../../etc/passwd', 550);
  await talk.passive();
  await talk.say('RETR ../../../../secret.txt', 550);
  await talk.say('CWD /in/../../..', 250);
  expect(await talk.say('PWD', 257)).toContain('"/"');
  expect(await readdir(join(path, 'store/objects/files'))).toEqual(['acme']);
});

/** What goes over the wire after the verb, and the replies that it gets, one a line that the server sees. */
const names: Record<string, [string, ...number[]]> = {
  'of 256 bytes': ['x'.repeat(256), 553],
  'of more than 1,024 bytes in all': [`${'d'.repeat(200)}/`.repeat(6).slice(0, -1), 553],
  'of more than 64 folders': ['d/'.repeat(64).concat('x'), 553],
  'longer than a line may be': ['x'.repeat(5000), 500],
  'with NUL': ['a\0b', 553],
  'with CR': ['a\rb', 553],
  // LF ends the line: the rest is a command, and none that there is.
  'with LF': ['good.txt/b\nc', 550, 500],
};

describe('over the wire', () => {
  let talk: FtpTalk;
  let stop = async (): Promise<void> => undefined;
  beforeAll(async () => {
    const data = await dataFolder();
    const landfall = await start(data.path);
    // Not after the first test.
    cleanUp.length = 0;
    stop = () => landfall.kill().then(data.remove);
    talk = await logIn(landfall.ftp.port);
    await talk.say('CWD /in', 250);
    expect(await put(talk, 'STOR good.txt', 'good')).toMatch(/^226 /);
  });
  afterAll(() => stop());

  it.for(Object.entries(names))('refuses a name %s, and goes on', async ([, [name, ...codes]]) => {
    for (const verb of ['STOR', 'RETR', 'DELE', 'MKD', 'RMD', 'RNTO']) {
      if (verb === 'STOR' || verb === 'RETR') await talk.passive();
      if (verb === 'RNTO') await talk.say('RNFR good.txt', 350);
      talk.send(`${verb} ${name}\r\n`);
      for (const code of codes) await talk.expect(code);
    }
    expect((await get(talk, 'NLST')).toString()).toBe('good.txt\r\n');
    expect((await get(talk, 'RETR good.txt')).toString()).toBe('good');
  });
});

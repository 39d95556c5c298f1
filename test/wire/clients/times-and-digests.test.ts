import { createHash } from 'node:crypto';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { CURL } from './rows/curl.ts';
import { lftp, quoted } from './rows/lftp.ts';
import { ncftpput } from './rows/ncftp.ts';
import { rclone } from './rows/rclone.ts';
import { FTPLIB, ftplib } from './rows/scripted.ts';
import { startWireTap } from './wire-tap.ts';

const THEN = new Date('2021-03-04T05:06:07Z');
const STAMP = '20210304050607';

describe('what clients ask beyond the files', () => {
  let lab: ClientLab;
  let local: string;
  let content: Buffer;
  beforeAll(async () => {
    lab = await startClientLab();
    local = join(lab.folder, 'a file');
    content = Buffer.from('Line by line by line.\n'.repeat(20_000));
    await writeFile(local, content);
    await utimes(local, THEN, THEN);
    await lab.run(CURL.upload!(lab.server, local, '/in/a file'));
  });
  afterAll(() => lab.stop());

  const timeOf = async (path: string): Promise<string> =>
    (await lab.run(ftplib('say')(lab.server, `MDTM ${path}`))).trim();

  test('curl sets a time after its upload, and asks for what is newer', async () => {
    const upload = CURL.upload!(lab.server, local, '/in/curl');
    await lab.run({ ...upload, args: ['--quote', `-MFMT ${STAMP} curl`, ...upload.args] });
    expect(await timeOf('/in/curl')).toBe(`213 ${STAMP}`);

    const into = join(lab.folder, 'curl');
    const download = CURL.download!(lab.server, '/in/curl', into);
    await lab.run({ ...download, args: ['--remote-time', '--time-cond', '1 Jan 2020', ...download.args] });
    expect((await stat(into)).mtime).toEqual(THEN);
    const later = join(lab.folder, 'curl-later');
    const asked = CURL.download!(lab.server, '/in/curl', later);
    await lab.run({ ...asked, args: ['--time-cond', '1 Jan 2022', ...asked.args] });
    expect(await readFile(later).catch(() => Buffer.alloc(0))).toHaveLength(0);
  });

  test('rclone keeps times, sets them, and sends nothing again', async () => {
    await lab.run(rclone(lab.server, 'copyto', local, 'landfall:/in/rclone'));
    expect(await timeOf('/in/rclone')).toBe(`213 ${STAMP}`);
    const tap = await startWireTap(lab.server);
    await lab.run(rclone(tap.server, 'copyto', local, 'landfall:/in/rclone'));
    expect(tap.said.filter((line) => line.startsWith('STOR'))).toEqual([]);
    tap.close();
    await lab.run(rclone(lab.server, 'touch', '-t', '2019-01-02T03:04:05', 'landfall:/in/rclone'));
    expect(await timeOf('/in/rclone')).toBe('213 20190102030405');
  });

  test('ncftp keeps times', async () => {
    const tap = await startWireTap(lab.server);
    await lab.run(ncftpput(tap.server, ['-y', '-C'], local, '/in/ncftp'));
    tap.close();
    expect(tap.said.filter((line) => /UTIME|MDTM|MFMT/.test(line))).toHaveLength(1);
    expect(await timeOf('/in/ncftp')).toBe(`213 ${STAMP}`);
  });

  test('what was dated goes its way as any other', async () => {
    const listed = await lab.arrivals((all) => all.every(({ state }) => state === 'kept'));
    expect(listed.map(({ path }) => path).sort()).toEqual([
      '/in/a file',
      '/in/curl',
      '/in/ncftp',
      '/in/rclone',
    ]);
  });

  test('ftplib gets digests of what it sent', async () => {
    await lab.run(FTPLIB.upload!(lab.server, local, '/in/ftplib'));
    const said = (line: string) => lab.run(ftplib('say')(lab.server, line));
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await said('HASH /in/ftplib')).toBe(`213 SHA-256 0-${content.length} ${sha256} /in/ftplib\n`);
    expect(await said('XCRC "/in/ftplib"')).toBe(
      `250 ${crc32(content).toString(16).toUpperCase().padStart(8, '0')}\n`,
    );
  });

  test('lftp gets digests, and changes modes', async () => {
    const sha1 = createHash('sha1').update(content).digest('hex');
    const output = await lab.run(
      lftp(lab.server, 'quote OPTS HASH SHA-1', 'quote HASH /in/a file', 'chmod 640 "/in/a file"'),
    );
    expect(output).toContain(`213 SHA-1 0-${content.length} ${sha1} /in/a file`);
  });

  test('lftp that tells its name is refused MODE Z, and goes on without', async () => {
    const tap = await startWireTap(lab.server);
    const said = `${local} said`;
    const output = await lab.run(
      lftp(tap.server, `debug -o ${quoted(said)} 5`, `put ${quoted(local)} -o /in/lftp`, 'cat /in/lftp'),
    );
    tap.close();
    expect(tap.said).toContain('MODE Z');
    expect(await readFile(said, 'utf8')).toContain('<--- 504 MODE S only');
    expect(output).toBe(content.toString());
  });

  test('lftp that does not tell it sends, gets and lists in MODE Z', async () => {
    const tap = await startWireTap(lab.server);
    const settings = ['set ftp:client ""', 'set ftp:use-mode-z yes', 'set ftp:compressed-re ""'];
    await lab.run(lftp(tap.server, ...settings, `put ${quoted(local)} -o /in/lftp`));
    const output = await lab.run(lftp(tap.server, ...settings, 'cls -1 /in/', 'cat /in/lftp'));
    tap.close();
    expect(tap.said).toContain('MODE Z');
    expect(output).toContain(`/in/lftp\n`);
    expect(output.endsWith(content.toString())).toBe(true);
    await lab.run(lftp(lab.server, `get /in/lftp -o ${quoted(`${local} back`)}`));
    expect((await readFile(`${local} back`)).equals(content)).toBe(true);
  });
});

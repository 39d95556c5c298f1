import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FtpsLab, startFtpsLab } from '../support/ftps-lab.ts';
import { temporaryFolder } from '../support/landfall-process.ts';
import { makeTicketKeys } from '../support/tls-certificates.ts';
import type { Invocation } from './clients/client.ts';
import { startProgram } from './clients/run-program.ts';

/** Programs that we did not write, with a partner that wants TLS everywhere and data connections that resume. */

const PROGRAMS = join(import.meta.dirname, 'clients/programs');
const feeds = [{ name: 'all', path: '/**', accept: { empty: 'announce' }, scan: 'off' }];
const strict = { ftp: { tls: 'required', resumption: 'required', clearControl: true }, feeds };

let lab: FtpsLab;
let twin: FtpsLab;
let removeKeys: () => Promise<void>;
let big: string;
beforeAll(async () => {
  const keys = await temporaryFolder();
  removeKeys = keys.remove;
  const ticketKeysFile = await makeTicketKeys(keys.path, [randomBytes(48)]);
  lab = await startFtpsLab({ partner: strict, ticketKeysFile });
  twin = await startFtpsLab({ partner: strict, ticketKeysFile });
  big = join(lab.folder, 'big');
  await writeFile(big, randomBytes(2_000_000));
});
afterAll(async () => {
  for (const one of [lab, twin]) {
    await one.close();
    expect(one.pool.used).toBe(0);
  }
  await removeKeys();
});

const run = (invocation: Invocation): Promise<string> => startProgram(invocation, lab.folder).done;
const explicit = () => `ftp://127.0.0.1:${lab.listener.port}`;
const implicit = () => `ftps://127.0.0.1:${lab.listener.implicitPort}`;
const curl = (...args: string[]): Invocation => ({
  command: 'curl',
  args: ['--disable', '-sS', '--ssl-reqd', '--cacert', lab.certificate.certificate, ...args],
});
const ftplib = (
  { listener, certificate }: FtpsLab,
  how: string,
  transfers: number,
  then: string,
): Invocation => ({
  command: 'python3',
  args: [
    join(PROGRAMS, 'ftplib_tls.py'),
    ...['localhost', String(listener.port), certificate.certificate, how, String(transfers), then],
  ],
});
const acme = ['--user', 'acme:secret'];
const landed = async (path: string, from: string): Promise<void> =>
  expect((await lab.stored(path))?.equals(await readFile(from))).toBe(true);

describe('curl', () => {
  it.each([
    ['explicit, TLS 1.2', ['--tls-max', '1.2'], explicit],
    ['explicit, TLS 1.3', ['--tlsv1.3'], explicit],
    ['implicit, TLS 1.2', ['--tls-max', '1.2'], implicit],
    ['implicit, TLS 1.3', ['--tlsv1.3'], implicit],
    ['CCC, the client ends TLS', ['--ftp-ssl-ccc', '--ftp-ssl-ccc-mode', 'active'], explicit],
  ] as const)('%s', async (name, args, url) => {
    const path = `in/${name.replace(/\W+/g, '-')}`;
    await run(curl(...args, ...acme, '--upload-file', big, `${url()}/${path}`));
    await landed(`/${path}`, big);
    const got = join(lab.folder, 'got');
    await run(curl(...args, ...acme, '--output', got, `${url()}/${path}`));
    expect((await readFile(got)).equals(await readFile(big))).toBe(true);
  });

  it('with a certificate instead of a password', async () => {
    const { certificate, key } = lab.client;
    const args = ['--cert', certificate, '--key', key, '--user', 'card:'];
    await run(curl(...args, '--upload-file', big, `${explicit()}/in/card`));
    await landed('/in/card', big);
    await expect(run(curl('--user', 'card:', `${explicit()}/`))).rejects.toThrow(/530/);
  });

  it('without TLS is told that it comes first', async () => {
    await expect(
      run({ command: 'curl', args: ['--disable', '-sS', ...acme, `${explicit()}/`] }),
    ).rejects.toThrow(/534/);
  });
});

// After such an end of TLS they hold its session for broken, and resume it no more.
describe('CCC, where data connections need not resume', () => {
  let lenient: FtpsLab;
  beforeAll(async () => {
    lenient = await startFtpsLab({ partner: { ftp: { clearControl: true }, feeds } });
  });
  afterAll(() => lenient.close());

  it('with curl, which waits for the end of TLS', async () => {
    const trust = ['--cacert', lenient.certificate.certificate];
    const url = `ftp://127.0.0.1:${lenient.listener.port}/in/a`;
    await run(curl(...trust, '--ftp-ssl-ccc', ...acme, '--upload-file', big, url));
    expect((await lenient.stored('/in/a'))?.equals(await readFile(big))).toBe(true);
  });

  it.each(['ccc', 'rein'])('with Python, %s', async (then) => {
    await run(ftplib(lenient, 'reuse', 5, then));
  });
});

describe('lftp', () => {
  it('mirrors fifty files in one session', async () => {
    await mkdir(join(lab.folder, 'many'));
    for (let index = 0; index < 50; index += 1) {
      await writeFile(join(lab.folder, 'many', `${index}`), randomBytes(index * 100));
    }
    const script = [
      `set ssl:ca-file ${lab.certificate.certificate}`,
      'set ssl:check-hostname false; set ftp:ssl-force true; set ftp:ssl-protect-data true',
      'set net:max-retries 1; set cmd:fail-exit true; set ftp:use-site-utime false; set ftp:use-site-utime2 false',
      `open -u acme,secret -p ${lab.listener.port} 127.0.0.1`,
      'mirror -R many in/many; mirror in/many back',
    ].join('; ');
    await run({ command: 'lftp', args: ['--norc', '-c', script] });
    for (let index = 0; index < 50; index += 1) {
      const [sent, back] = ['many', 'back'].map((folder) => join(lab.folder, folder, `${index}`));
      expect((await readFile(back!)).equals(await readFile(sent!))).toBe(true);
    }
  });
});

describe('Python ftplib', () => {
  it.each(['reuse', 'active'])('moves fifty files, %s', async (how) => {
    await run(ftplib(lab, how, 25, 'none'));
  });
  it('must begin TLS again after REIN', () =>
    expect(run(ftplib(lab, 'reuse', 1, 'rein'))).rejects.toThrow(/534/));
  it('is refused when it resumes no session', async () => {
    await expect(run(ftplib(lab, 'no-reuse', 1, 'none'))).rejects.toThrow();
  });
});

describe('basic-ftp', () => {
  it.each([
    ['explicit', 'true', () => lab.listener.port],
    ['implicit', 'implicit', () => lab.listener.implicitPort],
  ] as const)('moves fifty files, %s', async (_name, secure, port) => {
    const program = join(PROGRAMS, 'basic-ftp-tls-process.ts');
    await run({ command: process.execPath, args: [program, String(port()), secure] });
    expect((await lab.stored('/in/b24'))?.toString()).toBe('file 24');
  });
});

describe('openssl s_client', () => {
  const client = (port: number, ...args: string[]): Invocation => ({
    command: 'openssl',
    args: ['s_client', '-connect', `127.0.0.1:${port}`, '-starttls', 'ftp', ...args],
    input: 'QUIT\r\n',
  });

  it.each(['-tls1_2', '-tls1_3'])(
    'resumes at another listener that has the same ticket keys, %s',
    async (version) => {
      const session = join(lab.folder, `session${version}`);
      const input = 'NOOP\r\nQUIT\r\n';
      await run({ ...client(lab.listener.port, version, '-ign_eof', '-sess_out', session), input });
      const said = await run({
        ...client(twin.listener.port, version, '-ign_eof', '-sess_in', session),
        input,
      });
      expect(said).toMatch(/^Reused, TLSv1/m);
    },
  );

  it.each(['-tls1', '-tls1_1'])('gets nothing older than TLS 1.2, %s', (version) =>
    expect(run(client(lab.listener.port, version, '-cipher', 'ALL:@SECLEVEL=0'))).rejects.toThrow(),
  );

  it('is asked for a certificate only where some login has one', async () => {
    const asked = /^Client Certificate Types/m;
    expect(await run(client(lab.listener.port, '-tls1_2'))).toMatch(asked);
    const without = await startFtpsLab({ logins: [{ user: 'acme' }] });
    expect(await run(client(without.listener.port, '-tls1_2'))).not.toMatch(asked);
    await without.close();
  });

  it('cannot renegotiate', async () => {
    const said = await run({ ...client(lab.listener.port, '-tls1_2'), input: 'R\nQUIT\r\n' }).catch(String);
    expect(said).toMatch(/no renegotiation|handshake failure|ended with/i);
  });
});

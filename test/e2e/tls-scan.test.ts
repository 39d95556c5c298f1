import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FtpsLab, startFtpsLab } from '../support/ftps-lab.ts';

/** What scanners that we did not write find. */

interface Finding {
  readonly id: string;
  /** `name/address` of the server. */
  readonly ip: string;
  readonly severity: string;
  readonly finding: string;
}

const run = promisify(execFile);
/** In place of a server where a finding is about the scanner: that its openssl lacks an engine. */
const OF_ITS_OWN = '/';
/** Of one run of a scanner; a busy machine takes many times as long as another. */
const SCAN_MS = 1_200_000;
const LONG = { timeout: 2 * SCAN_MS };

let lab: FtpsLab;
beforeAll(async () => {
  lab = await startFtpsLab();
});
afterAll(() => lab.close());

describe('testssl.sh', LONG, () => {
  const scan = async (): Promise<Finding[]> => {
    const json = join(lab.folder, `findings-${randomUUID()}.json`);
    // Protocols, categories of ciphers, forward secrecy, the server's choices and defaults, vulnerabilities.
    const what = ['-p', '-s', '-f', '-P', '-S', '-U'];
    const how = ['--quiet', '--color', '0', '--warnings', 'batch', '--jsonfile', json];
    const where = ['-t', 'ftp', `127.0.0.1:${lab.listener.port}`];
    // It ends with the number of its findings.
    await run('testssl', [...what, ...how, ...where], { timeout: SCAN_MS }).catch((ended) => {
      if (typeof ended.code !== 'number') throw ended;
    });
    const findings: Finding[] = JSON.parse(await readFile(json, 'utf8'));
    return findings.filter(({ ip }) => ip !== OF_ITS_OWN);
  };

  /** Its openssl may end before it has printed a session, and then a check says that it could not be made. */
  const scanWhole = async (): Promise<Finding[]> => {
    const findings = await scan();
    return findings.some(({ severity }) => severity === 'WARN') ? scan() : findings;
  };

  it('finds nothing worse than LOW', async () => {
    const findings = await scanWhole();
    const severity = (id: string): string | undefined => findings.find((one) => one.id === id)?.severity;
    for (const id of ['TLS1_3', 'secure_renego', 'secure_client_renego', 'SWEET32', 'BEAST', 'ROBOT']) {
      expect([id, severity(id)]).toEqual([id, 'OK']);
    }
    // The certificate is the test's own: it lives for a month, and no authority has made it.
    const worse = findings.filter(
      ({ id, severity }) => !['OK', 'INFO', 'LOW'].includes(severity) && !id.startsWith('cert'),
    );
    expect(worse).toEqual([]);
  });
});

describe('nmap', LONG, () => {
  /** What the scripts say; `+` runs one at whatever port. */
  const scan = async (port: number, ...scripts: string[]): Promise<string> => {
    const forced = scripts.map((script) => `+${script}`).join(',');
    const args = ['-Pn', '-sT', '--script', forced, '-p', String(port), '127.0.0.1'];
    const { stdout } = await run('nmap', args, { timeout: SCAN_MS });
    expect(stdout).toMatch(new RegExp(`^${port}/tcp +open`, 'm'));
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .join('\n');
  };

  it('finds no way in by FTP', async () => {
    const backdoors = ['ftp-vsftpd-backdoor', 'ftp-proftpd-backdoor', 'ftp-libopie', 'ftp-vuln-cve2010-4221'];
    expect(await scan(lab.listener.port, 'ftp-anon', 'ftp-bounce', ...backdoors)).toBe('');
  });

  it('finds strong ciphers only, in the order of the server', async () => {
    const said = await scan(
      lab.listener.implicitPort!,
      'ssl-enum-ciphers',
      'ssl-poodle',
      'ssl-heartbleed',
      'sslv2',
    );
    expect(said).toMatch(/^\|_ +least strength: A$/m);
    expect(said.match(/TLSv[\d.]+|SSLv\d/g)).toEqual(['TLSv1.2', 'TLSv1.3']);
    expect(said.match(/cipher preference: .*/g)).toEqual(Array(2).fill('cipher preference: server'));
    expect(said).not.toContain('VULNERABLE');
  });
});

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256, as a partner's file has it. */
  readonly fingerprint: string;
}

export type KeyKind = 'ec' | 'rsa';

const newKey: Record<KeyKind, readonly string[]> = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  rsa: ['-newkey', 'rsa:2048'],
};

/** Makes `<name>.crt`, signed by itself, and `<name>.key` in the folder, for the hosts. Clients trust the .crt itself. */
export async function makeCertificate(
  folder: string,
  name: string,
  hosts: readonly string[] = ['localhost'],
  kind: KeyKind = 'ec',
): Promise<CertificateFiles> {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const names = [
    ...hosts.map((host) => `${isIP(host) ? 'IP' : 'DNS'}:${host}`),
    'IP:127.0.0.1',
    'IP:::1',
  ].join(',');
  await run('openssl', [
    ...['req', '-x509', '-nodes', '-days', '30', ...newKey[kind]],
    ...['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=${names}`],
    ...['-keyout', key, '-out', certificate],
  ]);
  const { fingerprint256 } = new X509Certificate(await readFile(certificate));
  return { certificate, key, fingerprint: fingerprint256 };
}

/** A file of ticket keys that several listeners can share. */
export async function makeTicketKeys(folder: string, keys: readonly Buffer[]): Promise<string> {
  const file = join(folder, 'ticket-keys');
  await writeFile(file, keys.map((key) => `${key.toString('base64')}\n`).join(''));
  return file;
}

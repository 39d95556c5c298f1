import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { runProgram } from './run-program.ts';
import type { Certificate } from './server.ts';

/** One for 127.0.0.1 that nobody has signed, in a folder of its own. RSA, which every server can load. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  await mkdir(folder);
  const [crt, key, pem] = [`${folder}/bench.crt`, `${folder}/bench.key`, `${folder}/../bench.pem`];
  await runProgram('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', crt],
  ]);
  await writeFile(pem, `${await readFile(key, 'utf8')}${await readFile(crt, 'utf8')}`, { mode: 0o600 });
  return { crt, key, pem };
}

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createBucket } from '../../adapters/store/s3/bucket.ts';
import { crcOf, encodeCrc } from '../../adapters/store/s3/checksum.ts';
import { temporaryFolder } from '../support/landfall-process.ts';
import { makeCertificate } from '../support/tls-certificates.ts';

const BYTES = Buffer.from('the bytes');
const SHA_256 = createHash('sha256').update(BYTES).digest('hex');
const ChecksumCRC32 = encodeCrc(crcOf(BYTES));

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** What the signature of a PUT holds of its body. */
async function signedOf(scheme: 'http' | 'https', checksum: { ChecksumCRC32?: string }): Promise<string> {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'someone');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  let signed = '';
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    signed = String(request.headers['x-amz-content-sha256']);
    request.resume().on('end', () => response.end());
  };
  const { path, remove } = await temporaryFolder();
  cleanUp.push(remove);
  const { certificate, key } = await makeCertificate(path, 'localhost');
  const ca = await readFile(certificate, 'utf8');
  const server: Server =
    scheme === 'https' ? createServer({ cert: ca, key: await readFile(key) }, take) : createHttpServer(take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.close());
  const endpoint = `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
  const limits = { deadlineMs: 5_000, idleMs: 5_000 };
  const bucket = createBucket({ bucket: 'any', prefix: '', endpoint, pathStyle: true, ca, ...limits });
  await bucket.ask((s3, how) => s3.putObject({ Bucket: 'any', Key: 'k', Body: BYTES, ...checksum }, how));
  bucket.close();
  return signed;
}

it('leaves the body to TLS and its CRC-32 where there are both', async () => {
  expect(await signedOf('https', { ChecksumCRC32 })).toBe('UNSIGNED-PAYLOAD');
});

it('signs the body without TLS, and without a CRC-32', async () => {
  expect(await signedOf('http', { ChecksumCRC32 })).toBe(SHA_256);
  expect(await signedOf('https', {})).toBe(SHA_256);
});

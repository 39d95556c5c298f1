import { Buffer } from 'node:buffer';
import { randomBytes, randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlockPool } from '../../core/buffers.ts';
import { readTlsInto } from '../../services/ftp/data/read-tls-into.ts';
import { receive } from '../../services/ftp/data/receive.ts';
import { shakeHands } from '../../services/ftp/tls/handshake.ts';
import { feedRecords } from '../../services/ftp/tls/record-feed.ts';
import { makeCertificate } from '../support/tls-certificates.ts';

let folder: string;
let context: SecureContext;
beforeAll(async () => {
  folder = await mkdtemp(`${tmpdir()}/receive-tls-`);
  const { certificate, key } = await makeCertificate(folder, 'localhost');
  context = createSecureContext({ cert: await readFile(certificate), key: await readFile(key) });
});
afterAll(() => rm(folder, { recursive: true }));

/** Both ends of a connection under TLS, nothing received yet. */
async function secured(version: 'TLSv1.2' | 'TLSv1.3') {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const raw = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  const far = connectTls({
    socket: raw,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  });
  far.on('error', () => undefined);
  const feed = feedRecords(near);
  const stream = await shakeHands(feed.stream, {
    context,
    protocols: [],
    sessions: new EventEmitter() as Server,
    requestCertificate: false,
    timeoutMs: 5000,
    done(secure) {
      feed.hold();
      secure.once('resume', feed.goOn);
    },
  });
  return { stream, far };
}

const KIB = 1024;

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('receiving under %s', (version) => {
  it.each([
    ['a slow store and hardly a block', 2 * KIB, 1],
    ['a slow store and blocks that no record fits', 11 * KIB, 8],
    ['blocks of many records', 256 * KIB, 8],
    ['none but its own memory', 256 * KIB, 0],
  ])('takes all bytes in order with %s', async (_name, blockBytes, blocks) => {
    const { stream, far } = await secured(version);
    const pool = blocks > 0 ? createBlockPool({ totalBytes: blocks * blockBytes, blockBytes }) : undefined;
    const bytes = randomBytes(1500 * KIB + 17);
    const chunks: Buffer[] = [];
    const done = receive(stream, {
      pool,
      signal: new AbortController().signal,
      stallMs: 5000,
      took: () => undefined,
      async write(chunk) {
        chunks.push(Buffer.from(chunk));
        if (chunks.length % 3 === 0) await sleep(0);
        // Whoever overwrites what is being written is seen here.
        expect(chunk.equals(chunks.at(-1)!)).toBe(true);
      },
    });
    for (let from = 0; from < bytes.length; ) {
      const step = randomInt(1, 40 * KIB);
      if (!far.write(bytes.subarray(from, from + step))) await once(far, 'drain');
      from += step;
    }
    far.end();
    await done;
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(pool?.used ?? 0).toBe(0);
    far.destroy();
  });

  it('has Node decrypt into the memory that it is given', async () => {
    const { stream, far } = await secured(version);
    const memory = Buffer.alloc(64);
    const took = Promise.withResolvers<number>();
    const reading = readTlsInto(stream, {
      buffer: () => memory,
      took(bytes) {
        took.resolve(bytes);
        return true;
      },
    });
    expect(reading).toBeDefined();
    far.write('whole');
    expect(memory.toString('latin1', 0, await took.promise)).toBe('whole');
    stream.destroy();
    far.destroy();
  });
});

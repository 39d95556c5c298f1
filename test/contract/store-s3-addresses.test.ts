import dns from 'node:dns';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openS3Store } from '../../adapters/store/s3/store.ts';
import { parseS3Url } from '../../adapters/store/s3/url.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { temporaryFolder } from '../support/landfall-process.ts';
import { SERVER_NAME } from '../support/radosgw.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { makeCertificate } from '../support/tls-certificates.ts';
import { newKey, publish, text } from './store/given.ts';

const skipped = noS3 ?? (isOwnServer ? undefined : 'the addresses of the own server are tested');

describe.skipIf(skipped !== undefined)(`ways to S3${skipped ? `, skipped: ${skipped}` : ''}`, () => {
  let bucket: TestBucket;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    bucket = await openTestBucket();
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await folder?.remove();
    await bucket?.stop();
  });
  const cleanUp: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  });

  /** Publishes and reads by the store of that URL. */
  const use = async (endpoint: string, more = ''): Promise<void> => {
    const url = `s3://${bucket.base.bucket}/${crypto.randomUUID()}?endpoint=${encodeURIComponent(endpoint)}${more}`;
    const store = await openS3Store(parseS3Url(url));
    cleanUp.push(store.close);
    const key = newKey();
    await publish(store, key, 'there');
    expect(await text(store, key)).toBe('there');
  };

  const hostsAsked = async (endpoint: (port: string) => string, more: string) => {
    const proxy = await startFaultProxy(bucket.base.endpoint!);
    cleanUp.push(proxy.close);
    const { port } = new URL(proxy.url);
    await use(endpoint(port), more);
    const hosts = proxy.seen.map(({ headers }) => headers.host!.replace(`:${port}`, ''));
    return { hosts: [...new Set(hosts)], paths: proxy.seen.map(({ url }) => url!) };
  };

  it('has the bucket in the path of an endpoint', async () => {
    const { hosts, paths } = await hostsAsked((port) => `http://127.0.0.1:${port}`, '');
    expect(hosts).toEqual(['127.0.0.1']);
    for (const path of paths) expect(path).toMatch(/^\/landfall-test[/?]/);
  });

  it('has the bucket in the name of the host where that is asked for', async () => {
    const here = { address: '127.0.0.1', family: 4 };
    type Done = (error: null, found: (typeof here)[]) => void;
    const resolve = (_name: string, _options: object, done: Done): void => done(null, [here]);
    vi.spyOn(dns, 'lookup').mockImplementation(resolve as unknown as typeof dns.lookup);
    const { hosts, paths } = await hostsAsked(
      (port) => `http://${SERVER_NAME}:${port}`,
      '&addressing=virtual',
    );
    expect(hosts).toEqual([`landfall-test.${SERVER_NAME}`]);
    for (const path of paths) expect(path).not.toMatch(/^\/landfall-test/);
  });

  it('trusts the certificate of an authority that it is told of, and no other', async () => {
    const { certificate, key } = await makeCertificate(folder.path, 'ca & cert');
    const { hostname, port } = new URL(bucket.base.endpoint!);
    const files = { key: await readFile(key), cert: await readFile(certificate) };
    const server = createTlsServer(files, (socket) => {
      const onward = connect(Number(port), hostname);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
      socket.pipe(onward).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(async () => server.close());
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await use(endpoint, `&ca=${encodeURIComponent(certificate)}`);
    const place = { ...bucket.newPlace(), endpoint, deadlineMs: 1_000 };
    const thrown = await openS3Store(place).catch((fault) => fault);
    expect(thrown.code).toBe('store-down');
    await expect(openS3Store({ ...place, caFile: '/nonexistent' })).rejects.toThrow(/not in \/nonexistent/);
  });

  it.each<[string, (credentials: { id: string; secret: string }) => Promise<Record<string, string>>]>([
    [
      'a profile of the shared file',
      async ({ id, secret }) => {
        const file = join(folder.path, 'credentials');
        await writeFile(file, `[landfall]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`);
        return { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'landfall' };
      },
    ],
    [
      'the role of a container',
      async ({ id, secret }) => {
        const role = { AccessKeyId: id, SecretAccessKey: secret, Expiration: '2099-01-01T00:00:00Z' };
        // The gateway knows no token of a role; what gives one leaves it empty.
        const server = createServer((_incoming, outgoing) =>
          outgoing.end(JSON.stringify({ ...role, Token: '' })),
        );
        await once(server.listen(0, '127.0.0.1'), 'listening');
        cleanUp.push(async () => server.close());
        const { port } = server.address() as AddressInfo;
        return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/role` };
      },
    ],
  ])('takes its credentials from %s', async (_name, prepare) => {
    const credentials = { id: process.env.AWS_ACCESS_KEY_ID!, secret: process.env.AWS_SECRET_ACCESS_KEY! };
    const env = await prepare(credentials);
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    await use(bucket.base.endpoint!);
  });
});

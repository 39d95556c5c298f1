import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultAct, type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { temporaryFolder } from '../../support/landfall-process.ts';
import { isOwnServer, noS3, openTestBucket, type TestBucket } from '../../support/s3-bucket.ts';
import { logIn, runMain } from '../lab.ts';
import { type AwayLab, failAll, reasonsIn, startAwayLab, type Told } from './lab.ts';

const MIB = 2 ** 20;
/** In which a sender is told of an outage that begins, and of one that has lasted. */
const TOLD_WITHIN_S = 110;
const TOLD_LATER_WITHIN_S = 50;
/** In which it is told what the store itself says: far less than what it would be asked again for. */
const TOLD_AT_ONCE_WITHIN_S = 30;

/** The same to every request, as if the key had been taken away: the store itself refuses it. */
const NO_SUCH_KEY: FaultAct = {
  headers: {
    authorization: `AWS4-HMAC-SHA256 Credential=NOBODY/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  },
};
/** What a full store refuses; it goes on to tell what is there. */
const isWrite = ({ method }: { method?: string }): boolean => method === 'PUT' || method === 'POST';
const errorOf = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;

const missing = isOwnServer ? noS3 : 'the server of LANDFALL_TEST_S3 is not ours to disturb';

describe.skipIf(missing !== undefined)(
  `an object store that is away${missing === undefined ? '' : `, skipped: ${missing}`}`,
  () => {
    let bucket: TestBucket;
    let proxy: FaultProxy;
    let lab: AwayLab;

    const storeUrl = (name: string, endpoint: string): string =>
      `s3://${name}?endpoint=${encodeURIComponent(endpoint)}`;
    const environment = (store: string): Record<string, string> => ({
      LANDFALL_STORE: store,
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID!,
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY!,
    });

    beforeAll(async () => {
      bucket = await openTestBucket();
      proxy = await startFaultProxy(bucket.base.endpoint!);
      lab = await startAwayLab(environment(storeUrl(bucket.base.bucket, proxy.url)));
    });
    afterEach(() => void proxy.rules.splice(0));
    afterAll(async () => {
      await lab?.remove();
      await proxy?.close();
      await bucket?.stop();
    });

    it('is noticed by nobody when it is back within seconds', async () => {
      const sending = [
        lab.send('short-large.bin', 40 * MIB, 8 * MIB),
        lab.send('short-slow.bin', 4 * MIB, MIB),
      ];
      await sleep(1_500);
      const end = failAll(proxy, { status: 503 });
      sending.push(lab.send('short-small.bin', 1_000), lab.send('short-other.bin', 20 * MIB));
      await sleep(8_000);
      end();
      for (const told of await Promise.all(sending)) expect(told.code).toBe(226);
      await lab.requireDelivered();
    });

    /** An upload whose sender stays, and hears the reply: most clients end when the data connection does. */
    const beginUpload = async (name: string, bytes: Buffer) => {
      const talk = await logIn(lab.landfall.ftp.port);
      const data = await talk.passive();
      await talk.say(`STOR /in/${name}`, 150);
      data.write(bytes);
      return {
        data,
        /** The end, from now. */
        async told(): Promise<Told> {
          const began = performance.now();
          const code = Number((await talk.reply()).slice(0, 3));
          return { code, seconds: (performance.now() - began) / 1_000 };
        },
      };
    };

    it.each<[string, FaultAct]>([
      ['503', { status: 503 }],
      ['nothing', { hang: true }],
    ])('that answers %s is told of as something that passes, within a bounded time', async (what, act) => {
      expect((await lab.send(`${what}-there.bin`, 30 * MIB)).code).toBe(226);
      await lab.requireDelivered();
      const [large, whole] = [
        await beginUpload(`${what}-large.bin`, Buffer.alloc(20 * MIB, 'l')),
        await beginUpload(`${what}-whole.bin`, Buffer.from('all of it')),
      ];
      const fetching = lab.ask(`/in/${what}-there.bin`, '--limit-rate', String(4 * MIB));
      await sleep(2_000);

      const end = failAll(proxy, act);
      large.data.write(Buffer.alloc(60 * MIB, 'L'));
      whole.data.end();
      const told = await Promise.all([
        large.told(),
        whole.told(),
        lab.send(`${what}-begun.bin`, 1_000),
        lab.ask(`/in/${what}-there.bin`),
        lab.ask('/in/', '--list-only'),
      ]);
      expect(told.slice(0, 2).map(({ code }) => code)).toEqual([451, 451]);
      // Of who comes now, by the login, or by what it then asks for where the login had to ask nothing.
      for (const { code } of told.slice(2)) expect([421, 451]).toContain(code);
      expect(Math.max(...told.map(({ seconds }) => seconds))).toBeLessThan(TOLD_WITHIN_S);
      // What the store had begun to answer, it may have ended.
      expect([226, 451]).toContain((await fetching).code);
      const later = await lab.send(`${what}-later.bin`, 1_000);
      expect([421, 451]).toContain(later.code);
      expect(later.seconds).toBeLessThan(TOLD_LATER_WITHIN_S);
      console.log(
        `a store that answers ${what}: told after ${told.map(({ seconds }) => seconds.toFixed(1))} s, later after ${later.seconds.toFixed(1)} s`,
      );
      expect(reasonsIn(lab.landfall)).toMatch(/the store does not answer: /);

      end();
      for (const name of ['after', 'begun', 'later']) {
        expect((await lab.send(`${what}-${name}.bin`, 12 * MIB)).code).toBe(226);
      }
      await lab.requireDelivered();
    });

    it.each<[string, FaultAct, number, RegExp, typeof isWrite?]>([
      ['refuses a key', NO_SUCH_KEY, 451, /refuses Landfall's credentials/],
      [
        'lets a token expire',
        { status: 400, body: errorOf('ExpiredToken') },
        451,
        /refuses Landfall's credentials/,
      ],
      ['has no room', { status: 403, body: errorOf('QuotaExceeded') }, 452, /the store is full/, isWrite],
      ['has no disk left', { status: 507 }, 452, /the store is full/, isWrite],
    ])('that %s is told of at once, with its reason in the log', async (what, act, code, reason, matches) => {
      const name = what.replaceAll(' ', '-');
      const [large, whole] = [
        await beginUpload(`${name}-large.bin`, Buffer.alloc(20 * MIB, 'l')),
        await beginUpload(`${name}-whole.bin`, Buffer.from('all of it')),
      ];
      const talk = await logIn(lab.landfall.ftp.port);
      await sleep(1_000);
      const end = failAll(proxy, act, matches);
      large.data.write(Buffer.alloc(60 * MIB, 'L'));
      whole.data.end();
      const told = await Promise.all([large.told(), whole.told()]);
      for (const { code: said, seconds } of told) {
        expect(said).toBe(code);
        expect(seconds).toBeLessThan(TOLD_AT_ONCE_WITHIN_S);
      }
      const data = await talk.passive();
      talk.send(`STOR /in/${name}-talk.bin\r\n`);
      data.end('a file');
      const first = await talk.reply();
      // Where nothing had to be asked to begin, it is told at the end.
      const said = first.startsWith('150') ? await talk.reply() : first;
      expect(said).toMatch(new RegExp(`^${code} `));
      expect(reasonsIn(lab.landfall)).toMatch(reason);
      end();
      expect((await lab.send(`${name}-after.bin`, 20 * MIB)).code).toBe(226);
      await lab.requireDelivered();
    });

    it('that loses its bucket is told of, and is used again when there is one', async () => {
      const Bucket = 'landfall-lost';
      await bucket.s3.createBucket({ Bucket });
      const other = await startAwayLab(environment(storeUrl(Bucket, bucket.base.endpoint!)));
      try {
        expect((await other.send('before.bin', 1_000)).code).toBe(226);
        await other.requireDelivered();
        const { Contents = [] } = await bucket.s3.listObjectsV2({ Bucket });
        for (const { Key } of Contents) await bucket.s3.deleteObject({ Bucket, Key: Key! });
        await bucket.s3.deleteBucket({ Bucket });
        expect((await other.send('without.bin', 1_000)).code).toBe(421);
        expect(reasonsIn(other.landfall)).toMatch(/no such bucket/);
        await bucket.s3.createBucket({ Bucket });
        expect((await other.send('without.bin', 0)).code).toBe(226);
        await other.requireDelivered();
      } finally {
        await other.remove();
      }
    });

    it.each<[string, () => Record<string, string>, RegExp]>([
      [
        'bucket',
        () => environment(storeUrl('landfall-nobody', bucket.base.endpoint!)),
        /there is no such bucket/,
      ],
      [
        'key',
        () => ({
          ...environment(storeUrl(bucket.base.bucket, bucket.base.endpoint!)),
          AWS_SECRET_ACCESS_KEY: 'x',
        }),
        /refuses Landfall's credentials/,
      ],
    ])('refuses to start without its %s, in one line', async (_, env, reason) => {
      const { path, remove } = await temporaryFolder();
      const { code, output } = await runMain({ LANDFALL_DATA: path, LANDFALL_FTP_PORT: '0', ...env() });
      await remove();
      expect(code).toBe(1);
      const [line, ...more] = output.trim().split('\n');
      expect(line).toMatch(reason);
      expect(more).toEqual([]);
    });
  },
);

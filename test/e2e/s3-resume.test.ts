import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openS3Store } from '../../adapters/store/s3/store.ts';
import type { S3Place } from '../../adapters/store/s3/url.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { FtpTalk } from '../support/ftp-lab.ts';
import { type LandfallProcess, startLandfall } from '../support/landfall-process.ts';
import { noS3, openTestBucket, type TestBucket } from '../support/s3-bucket.ts';
import { logIn, makeDataFolder } from './lab.ts';

/**
 * One file over FTP into S3, cut at random bytes and gone on with by another listener each time: some cuts are the
 * client's, some the listener's stop (SIGTERM), some its death (SIGKILL). What the store is sent beyond the file is
 * counted.
 */

const MIB = 2 ** 20;
/** `LANDFALL_TEST_RESUME_MIB=5120 LANDFALL_TEST_SEED=7 npx vitest run --project e2e test/e2e/s3-resume.test.ts` */
const SIZE = Number(process.env.LANDFALL_TEST_RESUME_MIB ?? 1024) * MIB;
const SEED = Number(process.env.LANDFALL_TEST_SEED ?? 26);
/** What a cut can cost: an end too short to be a part is sent twice. It is none when as many bytes came before it. */
const CUT_BYTES = 5 * MIB;
/** What a killed listener can cost: the parts that were on their way. */
const KILL_BYTES = 4 * 10 * MIB;
/** Requests other than parts: records, claims, metadata. */
const REST_BYTES = 2 * MIB;
const MOST = 1.02;

type Cut = 'client' | 'stop' | 'kill';
interface Run {
  readonly size: number;
  readonly cuts: number;
  /** Which cuts are the listener's; all others are the client's. */
  readonly stops: readonly number[];
  readonly kills: readonly number[];
}
const STOPS = [3, 8, 12, 17];
const KILLS = [6, 13];
/** Listeners are killed in between where the file is large enough for what that may cost. */
const runs: readonly Run[] =
  (MOST - 1) * SIZE >= KILLS.length * KILL_BYTES
    ? [{ size: SIZE, cuts: 20, stops: STOPS, kills: KILLS }]
    : [
        { size: SIZE, cuts: 20, stops: STOPS, kills: [] },
        { size: 256 * MIB, cuts: 4, stops: [], kills: [1] },
      ];

/** A claim that is given back is gone at once, that of a killed listener after a minute. */
const GIVEN_BACK_MS = 120_000;
const RUN_OUT_MS = 240_000;
const PATH = '/in/backup.img';
const LONG_MS = 3_600_000;

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The file: one random block, with its place in front of each copy, so that none can stand for another. */
function createFile(size: number, random: () => number) {
  const block = Buffer.from(Uint8Array.from({ length: MIB }, () => random() * 256));
  return {
    *bytes(from: number, to: number): Generator<Buffer> {
      for (let at = from; at < to; ) {
        const index = Math.floor(at / MIB);
        const copy = Buffer.from(block);
        copy.writeUInt32BE(index);
        const end = Math.min(to, (index + 1) * MIB, size);
        yield copy.subarray(at - index * MIB, end - index * MIB);
        at = end;
      }
    },
  };
}

/** Where the upload can be gone on with: not before whoever had it has given it back, or has died long enough ago. */
async function restartOffset(talk: FtpTalk, withinMs: number): Promise<number> {
  for (const until = Date.now() + withinMs; ; await sleep(500)) {
    talk.send(`SIZE ${PATH}\r\n`);
    const reply = await talk.reply();
    if (reply.startsWith('213 ')) return Number(reply.slice(4));
    if (Date.now() > until) throw new Error(`nothing to go on with: ${reply}`);
  }
}

/** A data connection on which the file's bytes from `offset` on are expected. */
async function openUpload(talk: FtpTalk, offset: number): Promise<Socket> {
  const data = await talk.passive();
  if (offset > 0) await talk.say(`REST ${offset}`, 350);
  await talk.say(`STOR ${PATH}`, 150);
  return data;
}

describe.skipIf(noS3 !== undefined)('an upload to S3', () => {
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await openTestBucket({ onDisk: true });
  });
  afterAll(() => bucket?.stop());

  /** The listeners of one fleet, over a place of their own behind the proxy. */
  const createFleet = async (proxy: FaultProxy, place: S3Place) => {
    const data = await makeDataFolder(() => ({
      digests: [],
      feeds: [{ name: 'backup', path: '/in/**', scan: 'off' }],
    }));
    cleanUp.push(data.remove);
    const url = `s3://${place.bucket}/${place.prefix}?endpoint=${encodeURIComponent(proxy.url)}`;
    return async (): Promise<LandfallProcess> => {
      const landfall = await startLandfall({
        dataFolder: data.path,
        env: {
          LANDFALL_STORE: url,
          LANDFALL_WORKERS: '0',
          LANDFALL_STOP_TIMEOUT: '1 s',
          AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID!,
          AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY!,
        },
      });
      cleanUp.push(landfall.kill);
      return landfall;
    };
  };

  it.each(runs)(
    'of $size bytes is resumed over $cuts cuts, stops $stops and kills $kills',
    async ({ size, cuts, stops, kills }) => {
      const random = randomFrom(SEED);
      const proxy = await startFaultProxy(bucket.base.endpoint!);
      cleanUp.push(proxy.close);
      const place = bucket.newPlace();
      const start = await createFleet(proxy, place);
      const listeners = [await start(), await start()];
      const file = createFile(size, random);
      const ends = Array.from({ length: cuts }, () => Math.floor(random() * size)).sort((a, b) => a - b);
      const how = (index: number): Cut =>
        kills.includes(index) ? 'kill' : stops.includes(index) ? 'stop' : 'client';
      const offsets: number[] = [];
      const sentBefore = proxy.bytesIn;
      const started = performance.now();

      for (const [index, end] of [...ends, size].entries()) {
        const which = index % listeners.length;
        const talk = await logIn(listeners[which]!.ftp.port);
        const patience = how(index - 1) === 'kill' ? RUN_OUT_MS : GIVEN_BACK_MS;
        const offset = index === 0 ? 0 : await restartOffset(talk, patience);
        offsets.push(offset);
        const connection = await openUpload(talk, offset);
        for (const bytes of file.bytes(offset, Math.max(offset, end))) {
          if (!connection.write(bytes)) await once(connection, 'drain');
        }
        if (end === size) {
          connection.end();
          await talk.expect(226);
        } else if (how(index) !== 'client') {
          await (how(index) === 'kill' ? listeners[which]!.kill() : listeners[which]!.stop());
          listeners[which] = await start();
        }
        talk.socket.destroy();
        connection.destroy();
      }

      const sent = proxy.bytesIn - sentBefore;
      const seconds = (performance.now() - started) / 1000;
      console.log(
        `${size / MIB} MiB, ${cuts} cuts, ${stops.length} of them by SIGTERM, ${kills.length} by SIGKILL, seed ${SEED}: ` +
          `${(sent / MIB).toFixed(1)} MiB sent to the store, ${(sent / size).toFixed(4)} x the file, in ${seconds.toFixed(0)} s`,
      );
      const store = await openS3Store(place);
      cleanUp.push(store.close);
      const [expected, found] = [createHash('sha256'), createHash('sha256')];
      for (const bytes of file.bytes(0, size)) expected.update(bytes);
      for await (const chunk of store.objects.read('files/acme/in/backup.img')) found.update(chunk);
      expect(found.digest('hex')).toBe(expected.digest('hex'));
      const shortOnes = offsets.filter(
        (offset, index) => index > 0 && offset - offsets[index - 1]! < CUT_BYTES,
      );
      const bound = shortOnes.length * CUT_BYTES + kills.length * KILL_BYTES + REST_BYTES;
      expect(sent - size).toBeLessThanOrEqual(bound);
      if (cuts === 20 && size >= 1024 * MIB) expect(sent).toBeLessThanOrEqual(MOST * size);
    },
    LONG_MS,
  );
});

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { openS3Store } from '../../adapters/store/s3/store.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { FtpTalk } from '../support/ftp-lab.ts';
import { type LandfallProcess, startLandfall } from '../support/landfall-process.ts';
import { noS3, openTestBucket } from '../support/s3-bucket.ts';
import { logIn, makeDataFolder } from './lab.ts';

/**
 * One file over FTP into S3, cut at random bytes, gone on with by whichever listener is there: some cuts are the
 * client's, some the listener's death. What the store is sent beyond the file is counted.
 */

const MIB = 2 ** 20;
/** `LANDFALL_TEST_RESUME_MIB=5120 LANDFALL_TEST_SEED=7 npx vitest run --project e2e test/e2e/s3-resume.test.ts` */
const SIZE = Number(process.env.LANDFALL_TEST_RESUME_MIB ?? 1024) * MIB;
const SEED = Number(process.env.LANDFALL_TEST_SEED ?? 26);
const CUTS = 20;
/** Cuts by SIGKILL to the listener. Its claim on the upload has to run out each time, a minute. */
const KILLED: ReadonlySet<number> = new Set([6, 13]);
/** What a cut by the client can cost, an end too short to be a part, and after how many bytes it costs nothing. */
const CUT_BYTES = 5 * MIB;
const FREE_AFTER_BYTES = 15 * MIB;
/** What a killed listener can cost: the parts that were on their way. */
const KILL_BYTES = 4 * 10 * MIB;
/** Requests other than parts: records, claims, metadata. */
const REST_BYTES = 2 * MIB;
const CLAIM_GONE_MS = 150_000;
const PATH = '/in/backup.img';

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

/** Where the upload can be gone on with, when it can. */
async function restartOffset(talk: FtpTalk): Promise<number> {
  for (const until = Date.now() + CLAIM_GONE_MS; ; await sleep(500)) {
    talk.send(`SIZE ${PATH}\r\n`);
    const reply = await talk.reply();
    if (reply.startsWith('213 ')) return Number(reply.slice(4));
    if (Date.now() > until) throw new Error(`nothing to go on with: ${reply}`);
  }
}

/** A data connection on which the file's bytes from `offset` on are expected; as clients do, again after a 450. */
async function openUpload(talk: FtpTalk, isFirst: boolean): Promise<{ data: Socket; offset: number }> {
  for (const until = Date.now() + CLAIM_GONE_MS; ; await sleep(500)) {
    const offset = isFirst ? 0 : await restartOffset(talk);
    const data = await talk.passive();
    if (offset > 0) await talk.say(`REST ${offset}`, 350);
    talk.send(`STOR ${PATH}\r\n`);
    const reply = await talk.reply();
    if (reply.startsWith('150')) return { data, offset };
    data.destroy();
    if (!reply.startsWith('450') || Date.now() > until) throw new Error(`no upload: ${reply}`);
  }
}

it.skipIf(noS3 !== undefined)(
  `resumes an upload of ${SIZE / MIB} MiB ${CUTS} times across listeners`,
  async () => {
    const random = randomFrom(SEED);
    const bucket = await openTestBucket({ onDisk: true });
    cleanUp.push(bucket.stop);
    const proxy = await startFaultProxy(bucket.base.endpoint!);
    cleanUp.push(proxy.close);
    const place = bucket.newPlace();
    const data = await makeDataFolder(() => ({
      digests: [],
      feeds: [{ name: 'backup', path: '/in/**', scan: 'off' }],
    }));
    cleanUp.push(data.remove);
    const url = `s3://${place.bucket}/${place.prefix}?endpoint=${encodeURIComponent(proxy.url)}`;
    const start = async (index: number): Promise<LandfallProcess> => {
      const landfall = await startLandfall({
        dataFolder: data.path,
        env: {
          LANDFALL_STORE: url,
          LANDFALL_WORKERS: '0',
          LANDFALL_FTP_PASSIVE_PORTS: `${25_300 + 20 * index}-${25_319 + 20 * index}`,
          AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID!,
          AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY!,
        },
      });
      cleanUp.push(landfall.kill);
      return landfall;
    };
    const listeners = [await start(0), await start(1)];
    const file = createFile(SIZE, random);
    const cuts = Array.from({ length: CUTS }, () => Math.floor(random() * SIZE)).sort((a, b) => a - b);
    const sentBefore = proxy.bytesIn;
    const started = performance.now();

    for (const [index, cut] of [...cuts, SIZE].entries()) {
      const which = index % listeners.length;
      const talk = await logIn(listeners[which]!.ftp.port);
      const { data: connection, offset } = await openUpload(talk, index === 0);
      for (const bytes of file.bytes(offset, Math.max(offset, cut))) {
        if (!connection.write(bytes)) await once(connection, 'drain');
      }
      if (cut === SIZE) {
        connection.end();
        await talk.expect(226);
      } else if (KILLED.has(index)) {
        await listeners[which]!.kill();
        listeners[which] = await start(which);
      }
      talk.socket.destroy();
      connection.destroy();
    }

    const sent = proxy.bytesIn - sentBefore;
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `${SIZE / MIB} MiB, ${CUTS} cuts, ${KILLED.size} of them by SIGKILL, seed ${SEED}: ` +
        `${(sent / MIB).toFixed(1)} MiB sent to the store, ${(sent / SIZE).toFixed(4)} x the file, in ${seconds.toFixed(0)} s`,
    );
    const store = await openS3Store(place);
    cleanUp.push(store.close);
    const [expected, found] = [createHash('sha256'), createHash('sha256')];
    for (const bytes of file.bytes(0, SIZE)) expected.update(bytes);
    for await (const chunk of store.objects.read('files/acme/in/backup.img')) found.update(chunk);
    expect(found.digest('hex')).toBe(expected.digest('hex'));
    const shortOnes = cuts.filter((cut, index) => cut - (cuts[index - 1] ?? 0) < FREE_AFTER_BYTES);
    const bound = shortOnes.length * CUT_BYTES + KILLED.size * KILL_BYTES + REST_BYTES;
    expect(sent - SIZE).toBeLessThanOrEqual(bound);
    // Sure from about 5 GiB on.
    if (bound <= 0.02 * SIZE) expect(sent).toBeLessThanOrEqual(1.02 * SIZE);
  },
);

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { type FaultAct, startFaultProxy } from '../../support/fault-proxy.ts';
import { startRedis } from '../../support/redis-server.ts';
import { startSqs } from '../../support/sqs-server.ts';
import { type AwayLab, failAll, reasonsIn, startAwayLab } from './lab.ts';

/** In which a sender is told that the queue does not take the event of its file. */
const TOLD_WITHIN_S = 40;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function startLab(queue: string, env: Record<string, string> = {}): Promise<AwayLab> {
  const lab = await startAwayLab({ LANDFALL_QUEUE: queue, ...env });
  cleanUp.push(lab.remove);
  return lab;
}

/** Files before, during and after; those that were refused are sent again. */
async function sendThrough(
  lab: AwayLab,
  { code, reason, begin, end }: { code: number; reason: RegExp; begin: () => unknown; end: () => unknown },
): Promise<void> {
  expect((await lab.send('before.bin', 1_000)).code).toBe(226);
  await lab.requireDelivered();
  await begin();
  for (const told of await Promise.all([lab.send('small.bin', 1_000), lab.send('large.bin', 3_000_000)])) {
    expect(told.code).toBe(code);
    expect(told.seconds).toBeLessThan(TOLD_WITHIN_S);
  }
  expect(reasonsIn(lab.landfall)).toMatch(reason);
  // Nothing that was refused is visible.
  expect((await lab.ask('/in/small.bin')).code).toBe(550);
  await end();
  for (const name of ['after.bin', 'small.bin', 'large.bin']) {
    expect((await lab.send(name, 2_000)).code).toBe(226);
  }
  await lab.requireDelivered();
}

describe('a queue in Redis', () => {
  async function startRedisLab() {
    const server = await startRedis();
    cleanUp.push(server.remove);
    const admin = new Redis(server.url, { lazyConnect: true });
    cleanUp.push(() => admin.disconnect());
    return { server, admin, lab: await startLab(server.url) };
  }

  it('that is full is told of as a full store, and used again when it has room', async () => {
    const { admin, lab } = await startRedisLab();
    await sendThrough(lab, {
      code: 452,
      reason: /Redis's memory is full/,
      begin: () => admin.config('SET', 'maxmemory', '1'),
      end: () => admin.config('SET', 'maxmemory', '0'),
    });
  });

  it('that was killed is told of as something that passes, and used again when it is back', async () => {
    const { server, lab } = await startRedisLab();
    await sendThrough(lab, {
      code: 451,
      reason: /the queue does not answer/,
      begin: server.kill,
      end: server.start,
    });
  });

  it('that says nothing is told of, and what it took all the same is delivered to nobody', async () => {
    const { server, lab } = await startRedisLab();
    await sendThrough(lab, {
      code: 451,
      reason: /the queue does not answer/,
      begin: () => server.process.kill('SIGSTOP'),
      end: () => server.process.kill('SIGCONT'),
    });
  });

  it('that has become a replica is told of, and used again when it is none', async () => {
    const { admin, lab } = await startRedisLab();
    await sendThrough(lab, {
      code: 451,
      reason: /this Redis is a replica/,
      begin: () => admin.replicaof('127.0.0.1', '1'),
      end: () => admin.replicaof('NO', 'ONE'),
    });
  });
});

describe('a queue of SQS', () => {
  const errorOf = (code: string): string =>
    JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: code });

  it.each<[string, FaultAct, RegExp]>([
    ['answers 503', { status: 503 }, /the queue does not answer/],
    ['answers nothing', { hang: true }, /the queue does not answer/],
    ['throttles', { status: 400, body: errorOf('RequestThrottled') }, /takes no more requests/],
    ['has too much in flight', { status: 400, body: errorOf('OverLimit') }, /too many messages/],
    ['refuses the key', { status: 403, body: errorOf('AccessDenied') }, /refuses Landfall's credentials/],
    ['has let a token expire', { status: 403, body: errorOf('ExpiredToken') }, /refuses Landfall's cred/],
  ])('that %s is told of as something that passes, and used again afterwards', async (_, act, reason) => {
    const server = await startSqs();
    cleanUp.push(server.kill);
    const proxy = await startFaultProxy(server.endpoint);
    cleanUp.push(proxy.close);
    const url = `sqs:away?endpoint=${encodeURIComponent(proxy.url)}&create=true`;
    const keys = {
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID!,
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY!,
    };
    const lab = await startLab(url, keys);
    let over = (): void => undefined;
    await sendThrough(lab, {
      code: 451,
      reason,
      begin: () => {
        over = failAll(proxy, act);
      },
      end: () => over(),
    });
  });
});

describe('a queue in SQLite', () => {
  const DISK_MIB = 4;

  it('whose disk is full is told of as a full store, and used again when it has room', async (test) => {
    const disk = await mkdtemp(join(tmpdir(), 'landfall-disk-'));
    cleanUp.push(() => rm(disk, { recursive: true, force: true }));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk], { stdio: 'pipe' });
    } catch (thrown) {
      return test.skip(`mounting is not permitted here: ${(thrown as Error).message.trim()}`);
    }
    cleanUp.push(() => execFileSync('umount', ['--lazy', disk]));
    const lab = await startLab(`sqlite:${disk}/queue.db`);
    const filler = join(disk, 'filler');
    await sendThrough(lab, {
      code: 452,
      reason: /the store is full: .*full/,
      // As much as there is room for.
      begin: () => writeFile(filler, Buffer.alloc(DISK_MIB * 2 ** 20)).catch(() => undefined),
      end: () => rm(filler),
    });
  });
});

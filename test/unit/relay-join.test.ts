import { Buffer } from 'node:buffer';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createBlockPool } from '../../core/buffers.ts';
import { join } from '../../services/ftp/relay/join.ts';

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

/** Both ends of a connection; the second is as a passive port hands it over. */
async function pair(): Promise<[near: Socket, far: Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [near, far]) open.push(socket.on('error', () => undefined));
  return [near, far];
}

async function joined(totalBytes = 1024 * 1024) {
  const [client, clientSide] = await pair();
  const [owner, ownerSide] = await pair();
  const pool = createBlockPool({ totalBytes, blockBytes: 256 * 1024 });
  const moved = { client: 0, owner: 0 };
  const ended: string[] = [];
  const joint = join(
    { client: clientSide, owner: ownerSide },
    {
      pool,
      lingerMs: 300,
      moved: (end, bytes) => {
        moved[end] += bytes;
      },
      ended: (end) => void ended.push(end),
    },
  );
  return { client, owner, pool, moved, ended, joint };
}

async function sendInPieces(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const to = at + randomInt(1, 400_000);
    if (!socket.write(bytes.subarray(at, to))) await once(socket, 'drain');
    if (randomInt(4) === 0) await sleep(randomInt(5));
    at = to;
  }
  socket.end();
}

async function take(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    if (randomInt(10) === 0) await sleep(randomInt(5));
  }
  return Buffer.concat(chunks);
}

const failure = async (socket: Socket): Promise<string> => {
  const [error] = (await once(socket.resume(), 'error')) as [NodeJS.ErrnoException];
  return error.code!;
};

describe('two connections made one', () => {
  it.each([0, 256 * 1024, 4 * 1024 * 1024])(
    'carry all bytes both ways at once, with %i bytes of blocks',
    async (memory) => {
      const { client, owner, pool, moved, ended, joint } = await joined(memory);
      const [up, down] = [randomBytes(7_000_001), randomBytes(5_000_003)];
      const [gotUp, gotDown] = await Promise.all([
        take(owner),
        take(client),
        sendInPieces(client, up),
        sendInPieces(owner, down),
      ]);
      expect(gotUp.equals(up)).toBe(true);
      expect(gotDown.equals(down)).toBe(true);
      expect(await joint.over).toBe(true);
      expect(moved).toEqual({ client: up.length, owner: down.length });
      expect(ended.sort()).toEqual(['client', 'owner']);
      expect(pool.used).toBe(0);
    },
  );

  it('carry one end and go on the other way', async () => {
    const { client, owner } = await joined();
    client.end('all I say');
    expect((await take(owner)).toString()).toBe('all I say');
    owner.write('and still ');
    await sleep(50);
    owner.end('an answer');
    expect((await take(client)).toString()).toBe('and still an answer');
  });

  it.each(['client', 'owner'] as const)('carry a reset of the %s, never as an end', async (end) => {
    const ends = await joined();
    const other = ends[end === 'client' ? 'owner' : 'client'];
    const lost = failure(other);
    ends[end].write(randomBytes(300_000));
    await expect.poll(() => ends.moved[end]).toBe(300_000);
    ends[end].resetAndDestroy();
    expect(await lost).toBe('ECONNRESET');
    expect(await ends.joint.over).toBe(false);
    expect(ends.ended).toEqual([]);
    await expect.poll(() => ends.pool.used).toBe(0);
  });

  it('do not read what nobody takes, and give up their blocks when it is over', async () => {
    const { client, owner, moved, joint, pool } = await joined();
    const sent = sendInPieces(owner, Buffer.alloc(30_000_000));
    sent.catch(() => undefined);
    await expect.poll(() => moved.owner).toBeGreaterThan(100_000);
    await sleep(300);
    const before = moved.owner;
    await sleep(100);
    expect(moved.owner).toBe(before);
    const lost = failure(owner);
    client.resetAndDestroy();
    expect(await lost).toBe('ECONNRESET');
    expect(await joint.over).toBe(false);
    await expect.poll(() => pool.used).toBe(0);
  });

  it('let a client go that does not end when the owner has', async () => {
    const { client, owner, joint } = await joined();
    owner.end('bye');
    expect((await take(client)).toString()).toBe('bye');
    expect(await joint.over).toBe(false);
  });

  it('are reset both when one was lost before', async () => {
    const [client, clientSide] = await pair();
    const [owner, ownerSide] = await pair();
    const lost = failure(owner);
    clientSide.destroy();
    await once(client.resume(), 'end');
    const pool = createBlockPool({ totalBytes: 1, blockBytes: 1 });
    const none = { pool, lingerMs: 300, moved: () => undefined, ended: () => undefined };
    expect(await join({ client: clientSide, owner: ownerSide }, none).over).toBe(false);
    expect(await lost).toBe('ECONNRESET');
  });
});

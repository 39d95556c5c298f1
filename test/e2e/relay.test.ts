import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { type FtpTalk, talkTo } from '../support/ftp-lab.ts';
import { type LandfallFleet, startLandfallFleet } from '../support/landfall-fleet.ts';
import { PATIENCE } from '../support/patience.ts';
import { makeDataFolder, PASSWORD, USER } from './lab.ts';

/** What a client sees, and what becomes of its file, when one of those between it and the store is killed. */

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const [OWNER, OTHER] = ['127.0.0.1', '127.0.0.2'];
const bytes = randomBytes(3_000_000);
/** Longer than a busy machine takes to make a data connection. */
const DATA_MS = 30_000;
/** Less than one of these listeners waits for anything. */
const AT_ONCE_MS = 1_000;

async function start(): Promise<LandfallFleet> {
  const data = await makeDataFolder(() => ({ feeds: [{ name: 'all', path: '/**', scan: 'off' }] }));
  cleanUp.push(data.remove);
  const fleet = await startLandfallFleet({
    dataFolder: data.path,
    listeners: 2,
    passivePorts: 4,
    env: { LANDFALL_FTP_DATA_TIMEOUT: `${DATA_MS} ms` },
  });
  cleanUp.push(() => fleet.close());
  return fleet;
}

async function logIn(fleet: LandfallFleet, host = OWNER): Promise<FtpTalk> {
  const talk = await talkTo(fleet.port, host);
  cleanUp.push(() => talk.socket.destroy());
  await talk.expect(220);
  await talk.say(`USER ${USER}`, 331);
  await talk.say(`PASS ${PASSWORD}`, 230);
  await talk.say('TYPE I', 200);
  return talk;
}

/** A data connection to a listener of one's choice. */
async function passive(talk: FtpTalk, host: string): Promise<Socket> {
  const said = await talk.say('EPSV', 229);
  const data = connect({ host, port: Number(/\|\|\|(\d+)\|/.exec(said)![1]), allowHalfOpen: true });
  data.on('error', () => undefined);
  cleanUp.push(() => data.destroy());
  await once(data, 'connect').catch(() => undefined);
  return data;
}

/** The other end has ended or reset it. */
const over = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.readableEnded || socket.closed) resolve();
    socket.resume().once('end', resolve).once('close', resolve);
  });

/** Names in the folder, by a connection that is not relayed. */
async function list(fleet: LandfallFleet, folder: string): Promise<string> {
  const talk = await logIn(fleet);
  const data = await passive(talk, OWNER);
  await talk.say(`NLST ${folder}`, 150);
  const chunks: Buffer[] = [];
  for await (const chunk of data) chunks.push(chunk as Buffer);
  data.end();
  await talk.expect(226);
  return Buffer.concat(chunks).toString();
}

it('an upload whose relay is killed is no file, however its connection ends', async () => {
  const fleet = await start();
  for (const pauseMs of [0, 300]) {
    const talk = await logIn(fleet);
    const data = await passive(talk, OTHER);
    await talk.say('STOR /in/cut', 150);
    data.write(bytes);
    await expect
      .poll(async () => (await fleet.sum('landfall_relay_bytes_total')).client)
      .toBeGreaterThan(1_000_000);
    // With nothing on its way, the kernel of what is killed ends the connection as if all had been sent.
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await fleet.listeners[1]!.landfall.kill();
    expect(await talk.reply()).toMatch(/^426/);
    await over(data);
    await fleet.restart(1);
  }
  expect(await list(fleet, '/in')).toBe('');
});

it('a download whose relay is killed is not said to be sent', async () => {
  const fleet = await start();
  const talk = await logIn(fleet);
  const up = await passive(talk, OWNER);
  await talk.say('STOR /in/file', 150);
  up.end(bytes.subarray(0, 400_000));
  await talk.expect(226);
  const down = await passive(talk, OTHER);
  down.pause();
  await talk.say('RETR /in/file', 150);
  // All of it fits into the buffers between: the owner has sent it, the client has not got it.
  await expect.poll(async () => (await fleet.sum('landfall_relay_bytes_total')).owner).toBe(400_000);
  await fleet.listeners[1]!.landfall.kill();
  const said = await talk.reply();
  const got: Buffer[] = [];
  down.on('data', (chunk) => got.push(chunk));
  await over(down);
  // The kernel of the one that was killed may have had it all.
  if (Buffer.concat(got).length < 400_000) expect(said).toMatch(/^426/);
});

it('an upload whose owner is killed is reset for the client, at once', async () => {
  const fleet = await start();
  const talk = await logIn(fleet);
  const data = await passive(talk, OTHER);
  await talk.say('STOR /in/cut', 150);
  data.write(bytes.subarray(0, 100_000));
  await expect.poll(async () => (await fleet.sum('landfall_relay_bytes_total')).client).toBe(100_000);
  const began = performance.now();
  await fleet.listeners[0]!.landfall.kill();
  await over(data);
  expect(performance.now() - began).toBeLessThan(DATA_MS / 2);

  // Whoever it expected is not kept waiting for it either.
  const other = await logIn(fleet, OTHER);
  const again = await passive(other, OTHER);
  await other.say('STOR /in/next', 150);
  again.end('next');
  await other.expect(226);
});

it('Redis gone: what is relayed goes on, what is new is reset at once, and relayed again when it is back', async () => {
  const fleet = await start();
  const talk = await logIn(fleet);
  const under = await passive(talk, OTHER);
  await talk.say('STOR /in/before', 150);
  under.write(bytes);
  await expect.poll(async () => (await fleet.sum('landfall_relay_bytes_total')).client).toBeGreaterThan(0);
  await fleet.redis.kill();
  under.end(bytes);
  await talk.expect(226);

  // Until both know that they are alone.
  const alone = 'this listener counts sessions alone';
  for (const { landfall } of fleet.listeners) {
    await landfall.line(({ msg }) => String(msg).includes(alone));
  }
  const resetMs = async (): Promise<number> => {
    const lost = await passive(talk, OTHER);
    const began = performance.now();
    await over(lost);
    return performance.now() - began;
  };
  // A busy machine is slower, now and then.
  await vi.waitUntil(async () => (await resetMs()) < AT_ONCE_MS, PATIENCE);
  const direct = await passive(talk, OWNER);
  await talk.say('STOR /in/during', 150);
  direct.end('direct');
  await talk.expect(226);

  await fleet.redis.start();
  for (const { landfall } of fleet.listeners)
    await landfall.line(({ msg }) => String(msg).includes('answers again'));
  const after = await passive(talk, OTHER);
  await talk.say('STOR /in/after', 150);
  after.end('relayed again');
  await talk.expect(226);
  expect((await list(fleet, '/in')).split('\r\n').filter(Boolean).sort()).toEqual([
    '/in/after',
    '/in/before',
    '/in/during',
  ]);
});

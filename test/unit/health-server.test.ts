import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createReadiness } from '../../services/health/readiness.ts';
import { type HealthServer, startHealthServer } from '../../services/health/server.ts';
import { quietLog } from '../support/quiet-log.ts';

let server: HealthServer;
const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  server.stop();
});

const start = async (): Promise<void> => {
  server = await startHealthServer({
    address: '127.0.0.1',
    port: 0,
    readiness: createReadiness({}),
    metrics: { text: async () => 'x'.repeat(1_000_000), contentType: 'text/plain' },
    log: quietLog,
  });
};

/** Somebody who connects and says so much. */
async function dial(said: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: server.port });
  open.push(socket.on('error', () => undefined));
  await once(socket, 'connect');
  socket.write(said);
  return socket;
}

const isAlive = async (): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${server.port}/livez`, { headers: { connection: 'close' } })).ok;

it.each([
  ['say nothing', ''],
  ['never end their request', 'GET /livez HTTP/1.1\r\nhost: x\r\n'],
  ['asked once and stay', 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'],
])('answers while it is full of those who %s', async (_name, said) => {
  await start();
  for (let batch = 0; batch < 6; batch += 1) {
    await Promise.all(Array.from({ length: 50 }, () => dial(said)));
    expect(await isAlive()).toBe(true);
  }
});

it('ends connections that ask nothing, do not end their request or do not take their answers', async () => {
  await start();
  const began = performance.now();
  const isOver = async (said: string): Promise<string> => {
    const socket = await dial(said);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // Who reads nothing hears of the end when it writes.
    const poke = said.includes('metrics') ? setInterval(() => socket.write('\r\n'), 500) : undefined;
    if (!poke) socket.resume();
    await closed;
    clearInterval(poke);
    return performance.now() - began < 12_000 ? 'in time' : `late: ${said}`;
  };
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n`;
  const over = ['', request('/livez'), `${request('/metrics')}\r\n`.repeat(30)].map(isOver);
  expect(await Promise.all(over)).toEqual(over.map(() => 'in time'));
});

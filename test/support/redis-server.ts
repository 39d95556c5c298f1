import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

/** A Redis of one's own, on a port and in a folder of its own, that has every write on its disk. */
export interface RedisServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** SIGKILL, and the same again on the same port with the same folder. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** Where it listens, and the words that run a program there. */
export interface RedisHost {
  readonly host: string;
  readonly within: readonly string[];
}

/** `settings`: of redis.conf, as arguments: `['--maxmemory-policy', 'allkeys-lru']`. */
export async function startRedis(
  settings: readonly string[] = [],
  { host, within }: RedisHost = { host: '127.0.0.1', within: [] },
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-server-'));
  const port = await freePort();
  // Who starts it is not always in its network.
  const socket = join(folder, 'socket');
  let child: ChildProcess;
  const server = {
    url: `redis://${host}:${port}`,
    get process() {
      return child;
    },
    async start() {
      const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
      const place = ['--bind', host, '--protected-mode', 'no', '--port', String(port), '--dir', folder];
      const words = [...within, 'redis-server', ...place, '--unixsocket', socket, ...durable, ...settings];
      child = spawn(words[0]!, words.slice(1), { stdio: 'ignore' });
      await whenAnswering(socket, child);
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    async remove() {
      await server.kill();
      process.off('exit', endWithTests);
      rmSync(folder, { recursive: true });
    },
  };
  const endWithTests = () => child.kill('SIGKILL');
  process.once('exit', endWithTests);
  await server.start();
  return server;
}

async function whenAnswering(socket: string, child: ChildProcess): Promise<void> {
  const redis = new Redis({ path: socket, retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  try {
    for (let isUp = false; !isUp; ) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      isUp = await Promise.race([redis.ping().then(() => true), sleep(200, false)]);
    }
  } finally {
    redis.disconnect();
  }
}

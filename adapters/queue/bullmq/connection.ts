import { Redis } from 'ioredis';
import type { RedisPlace } from './url.ts';

/**
 * How long a call may take while Redis is away. A lost connection is made again every RECONNECT_MS, and what waited
 * for it goes on; after RECONNECTS in vain all that waits fails, so that a call fails within about three seconds. One
 * that is answered by nobody, as by a machine that vanished, fails after SILENCE_MS, and the connection is given up.
 */
const RECONNECT_MS = 200;
const RECONNECTS = 15;
const CONNECT_MS = 3_000;
const SILENCE_MS = 5_000;
/** The last limit: for one command with all that befalls its connection. */
const COMMAND_MS = 10_000;

/** The connection for everything that does not block. */
export function connect({ host, port, database, tls, user, password }: RedisPlace): Redis {
  const redis = new Redis({
    host,
    port,
    db: database,
    ...(tls ? { tls: {} } : {}),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    connectTimeout: CONNECT_MS,
    retryStrategy: () => RECONNECT_MS,
    maxRetriesPerRequest: RECONNECTS,
    socketTimeout: SILENCE_MS,
    commandTimeout: COMMAND_MS,
  });
  // Every command that it fails says so to its caller.
  redis.on('error', () => undefined);
  return redis;
}

/** A connection of its own for commands that block for `blockMs`. */
export function connectBlocking(redis: Redis, blockMs: number): Redis {
  const blocking = redis.duplicate({
    socketTimeout: blockMs + SILENCE_MS,
    commandTimeout: blockMs + COMMAND_MS,
  });
  blocking.on('error', () => undefined);
  return blocking;
}

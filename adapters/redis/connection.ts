import { Redis } from 'ioredis';
import type { RedisPlace } from './url.ts';

/**
 * How long a call may take while Redis is away, in milliseconds. A lost connection is made again every RECONNECT_MS,
 * and what waited for it goes on.
 */
export interface Patience {
  /** Connections in vain after which all that waits fails. */
  readonly reconnects: number;
  readonly connectMs: number;
  /** For a call that is answered by nobody, as by a machine that vanished; the connection is given up, too. */
  readonly silenceMs: number;
  /** The last limit: for one command with all that befalls its connection. */
  readonly commandMs: number;
}

const RECONNECT_MS = 200;
/** With a Redis that is gone, a call fails within about three seconds. */
const PATIENCE: Patience = { reconnects: 15, connectMs: 3_000, silenceMs: 5_000, commandMs: 10_000 };

/** The connection for everything that does not block; made when it is first used. */
export function connect(
  { host, port, database, tls, user, password }: RedisPlace,
  { reconnects, connectMs, silenceMs, commandMs } = PATIENCE,
): Redis {
  const redis = new Redis({
    host,
    port,
    db: database,
    ...(tls ? { tls: {} } : {}),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    connectTimeout: connectMs,
    retryStrategy: () => RECONNECT_MS,
    // After a failover the name may mean another server, while this connection stays with what is a replica now.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    maxRetriesPerRequest: reconnects,
    socketTimeout: silenceMs,
    commandTimeout: commandMs,
  });
  // Every command that it fails says so to its caller.
  redis.on('error', () => undefined);
  return redis;
}

/** A connection of its own for commands that block for `blockMs`. */
export function connectBlocking(redis: Redis, blockMs: number): Redis {
  const blocking = redis.duplicate({
    socketTimeout: blockMs + PATIENCE.silenceMs,
    commandTimeout: blockMs + PATIENCE.commandMs,
  });
  blocking.on('error', () => undefined);
  return blocking;
}

import type { Redis } from 'ioredis';
import { Fault } from '../../../core/fault.ts';
import type { Log } from '../../../core/ports/log.ts';

/**
 * What Redis keeps is what its configuration says, and `send` cannot promise more. With `appendonly yes` and
 * `appendfsync always` a message is on the disk when `send` resolves, whatever happens to the process or the machine.
 * Everything less is warned of at start, with what may be lost; a Redis that may throw messages away to make room is
 * refused. Replicas are not waited for: after a failover to one, what it had not yet received is lost.
 */
export async function checkDurability(redis: Redis, log: Log): Promise<void> {
  const info = `${await redis.info('memory')}\n${await redis.info('persistence')}`;
  const eviction = field(info, 'maxmemory_policy');
  if (eviction !== 'noeviction') {
    throw new Fault('queue-down', `Redis has maxmemory-policy ${eviction}, and must have noeviction`);
  }
  const loss = lossOf(field(info, 'aof_enabled'), await appendfsync(redis));
  if (loss) log.warn({ loss }, 'Redis may lose messages that it has taken');
}

/** The line of INFO (redis.io/commands/info). */
const field = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:([^\r\n]*)`, 'm').exec(info)?.[1];

/** Undefined where the server, as a managed one, lets nobody see its configuration. */
async function appendfsync(redis: Redis): Promise<string | undefined> {
  try {
    const [, value] = (await redis.config('GET', 'appendfsync')) as string[];
    return value;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'ReplyError') return undefined;
    throw thrown;
  }
}

function lossOf(aofEnabled: string | undefined, fsync: string | undefined): string | undefined {
  if (aofEnabled !== '1') return 'everything since its last snapshot, when it stops: set appendonly yes';
  if (fsync === 'always') return undefined;
  const seconds = fsync === 'everysec' ? 'the last two seconds' : 'the last seconds';
  return `${seconds}, when it or its machine crashes: set appendfsync always`;
}

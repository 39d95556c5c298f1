import type { Socket } from 'node:net';
import { createBlockPool } from '../../../core/buffers.ts';
import type { DataPlace, Expectations, Expecting } from '../../../core/ports/expectations.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Metrics } from '../../../core/ports/metrics.ts';
import { keepAlive } from '../data/keep-alive.ts';
import { namesOf } from '../data/origins.ts';
import { dialOwner, type Missed } from './dial-owner.ts';
import { type Joint, join } from './join.ts';
import { createLookups } from './lookups.ts';
import { createTellOwners } from './tell-owners.ts';
import { createTurns } from './turns.ts';

export interface StraysOptions {
  /** The fleet's. */
  readonly expectations: Expectations;
  /** Addresses and networks that hold this one, and by which partners' data connections may be known, too. */
  readonly dataAddressesOf: (rule: string) => readonly string[];
  /** Where this listener is reached itself. */
  readonly address: string;
  readonly secret: string;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Connections that are being made to one owner: of a crowd that came at once, all would take longer than one may. */
const DIALS_AT_ONCE = 64;
/** Connections that are relayed at once, with those whose owner is asked for; a further one is reset. */
const MAX_RELAYED = 2_000;
/** Milliseconds without a byte that the client takes or sends, when the owner has ended: its own limits hold no more. */
const LINGER_MS = 60_000;

/** Memory for those whose bytes come fast, in blocks of so many bytes. */
const BLOCKS = { totalBytes: 8 * 1024 * 1024, blockBytes: 256 * 1024 } as const;

export interface Strays {
  /** Takes over a connection, paused and unread, that nobody here expects; false when there are too many. */
  take(socket: Socket, port: number, from: string): boolean;
  /** Resolves when none is left, and at the deadline resets what is. */
  drain(deadline: AbortSignal): Promise<void>;
}

interface Taken {
  readonly at: DataPlace;
  readonly who: Expecting;
}

/** Hands data connections that came to the wrong listener to the one that expects them. */
export function createStrays(options: StraysOptions): Strays {
  const { expectations, dataAddressesOf, address, secret, metrics, log } = options;
  const lookups = createLookups();
  const dials = createTurns(DIALS_AT_ONCE);
  const owners = createTellOwners(secret);
  const pool = createBlockPool(BLOCKS);
  const taken = new Set<Socket>();
  const joints = new Set<Joint>();
  let emptied: (() => void) | undefined;
  metrics.watch('landfall_relays', () => [{ labels: {}, value: joints.size }]);

  const giveUp = (socket: Socket, outcome: Missed | 'unexpected' | 'too-many'): void => {
    socket.resetAndDestroy();
    metrics.add('landfall_relays_total', { outcome });
  };

  const take = async (port: number, from: string): Promise<Taken | 'nobody'> => {
    for (const client of namesOf({ client: from, others: dataAddressesOf(from) })) {
      const at = { port, client };
      const who = await expectations.take(at);
      if (who) return { at, who };
    }
    return 'nobody';
  };

  const relay = async (socket: Socket, port: number, from: string): Promise<void> => {
    const found = await lookups.ask(from, () => take(port, from));
    if (!found) return giveUp(socket, 'too-many');
    if (found === 'nobody') return giveUp(socket, 'unexpected');
    const { at, who } = found;
    // What this listener itself expected is over, or it would have got it.
    if (who.address === address) return giveUp(socket, 'unexpected');
    const owner = await dials(who.address, () =>
      dialOwner(who.address, { kind: 'relay', ...at }, { secret, token: who.token }),
    );
    if (typeof owner === 'string') {
      if (owner === 'unreachable') owners.doubt(who.address);
      log.warn({ ...at, owner: who.address, why: owner }, 'data connection not handed to its listener');
      return giveUp(socket, owner);
    }
    metrics.add('landfall_relays_total', { outcome: 'relayed' });
    const telling = owners.begin(who.address, who.token);
    const bytes = { client: 0, owner: 0 };
    const joint = join(
      { client: socket, owner },
      {
        pool,
        lingerMs: LINGER_MS,
        moved(end, count) {
          bytes[end] += count;
          metrics.add('landfall_relay_bytes_total', { from: end }, count);
        },
        ended: (end) => telling.tell(end === 'owner' ? 'owner-ended' : 'client-ended'),
      },
    );
    joints.add(joint);
    const inOrder = await joint.over;
    joints.delete(joint);
    if (!inOrder) telling.tell('lost');
    telling.end();
    log.debug({ ...at, owner: who.address, bytes, inOrder }, 'data connection was relayed');
  };

  return {
    take(socket, port, from) {
      if (taken.size >= MAX_RELAYED) {
        metrics.add('landfall_relays_total', { outcome: 'too-many' });
        return false;
      }
      keepAlive(socket);
      taken.add(socket);
      relay(socket, port, from)
        .catch((cause: unknown) => {
          socket.resetAndDestroy();
          log.error({ err: cause }, 'relay failed');
        })
        .finally(() => {
          taken.delete(socket);
          if (taken.size === 0) emptied?.();
        });
      return true;
    },
    async drain(deadline) {
      const cut = (): void => {
        for (const socket of taken) socket.resetAndDestroy();
        for (const joint of joints) joint.reset();
      };
      deadline.addEventListener('abort', cut, { once: true });
      if (deadline.aborted) cut();
      if (taken.size > 0) {
        await new Promise<void>((resolve) => {
          emptied = resolve;
        });
      }
      deadline.removeEventListener('abort', cut);
      owners.close();
    },
  };
}

import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { BlockPool } from '../../../core/buffers.ts';
import { readInto } from '../data/read-into.ts';
import { asUnread } from './unread.ts';
import { createWay } from './way.ts';

export interface Joined {
  /** Blocks for those whose bytes come fast. */
  readonly pool: BlockPool;
  /** So many bytes came from this end. */
  readonly moved: (from: End, bytes: number) => void;
  /** The end has said its last byte, in order, and the kernel has all of them to send to the other. */
  readonly ended: (from: End) => void;
  /** Milliseconds without a byte moving when the owner has ended; then its limits hold no more. */
  readonly lingerMs: number;
}

export type End = 'client' | 'owner';

/** One connection made of two. */
export interface Joint {
  /** Resolves when both are over; with true when both had ended in order. */
  readonly over: Promise<boolean>;
  reset(): void;
}

/**
 * Makes one connection of two: bytes go on as they come, no faster than the other end takes them, and so do the end of
 * each direction and a reset. An end that is lost in any other way is a reset for the other one: it must never look
 * like the end of a whole file. The two are not to be used any more.
 */
export function join(ends: Readonly<Record<End, Socket>>, joined: Joined): Joint {
  const { pool, moved, ended, lingerMs } = joined;
  const early = ends.owner.read() as Buffer | null;
  const up = createWay(pool, (bytes) => moved('client', bytes));
  const down = createWay(pool, (bytes) => moved('owner', bytes));
  const client = readInto(ends.client, up).socket;
  const owner = readInto(asUnread(ends.owner), down).socket;
  if (early) {
    moved('owner', early.length);
    client.write(early);
  }
  owner.on('end', () => client.setTimeout(lingerMs, () => client.destroy()));
  const ways = [
    up.carry(client, owner, () => ended('client')),
    down.carry(owner, client, () => ended('owner')),
  ];
  return {
    over: Promise.all(ways).then((inOrder) => inOrder.every(Boolean)),
    reset() {
      client.resetAndDestroy();
      owner.resetAndDestroy();
    },
  };
}

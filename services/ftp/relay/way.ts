import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { BlockPool } from '../../../core/buffers.ts';
import type { Into } from '../data/read-into.ts';

/** Memory that each direction has of its own, beside the pool. */
const OWN_BYTES = 16 * 1024;

/** One direction of a joint: reads into one buffer, and does not read while that is being written. */
export interface Way extends Into {
  /**
   * Goes on to `to` with what `from` reads. `ended` is called when that has ended in order and the kernel has all its
   * bytes. Resolves when `from` is over, with whether it had ended in order.
   */
  carry(from: Socket, to: Socket, ended: () => void): Promise<boolean>;
}

/**
 * Who sends much has a block of the pool if one is left, until it is quiet again; whatever holds the blocks, others go on
 * with what they have.
 */
export function createWay(pool: BlockPool, moved: (bytes: number) => void): Way {
  const own = Buffer.allocUnsafeSlow(OWN_BYTES);
  let buffer: Buffer = own;
  let isHeld = false;
  let isOver = false;
  let source: Socket;
  let target: Socket;

  const giveBlock = (): void => {
    if (buffer !== own) pool.give(buffer);
    buffer = own;
  };

  const resize = (bytes: number): void => {
    if (buffer === own) buffer = (bytes === own.length && pool.takeLeft()) || own;
    else if (bytes < own.length) giveBlock();
  };

  const wrote = (failed?: Error | null): void => {
    if (!isHeld || (target.writableLength > 0 && !failed)) return;
    isHeld = false;
    if (isOver) giveBlock();
    else source.resume();
  };

  return {
    buffer: () => buffer,
    took(bytes) {
      moved(bytes);
      target.write(buffer.subarray(0, bytes), wrote);
      // Nothing is left of it with Node: the kernel has taken it all, and the buffer is free again.
      isHeld = target.writableLength > 0;
      if (!isHeld) resize(bytes);
      return !isHeld;
    },
    carry(from, to, ended) {
      [source, target] = [from, to];
      const { promise: over, resolve } = Promise.withResolvers<boolean>();
      let hasEnded = false;
      const end = (): void => {
        hasEnded = true;
        to.end((failed?: Error | null) => {
          if (!failed) ended();
        });
      };
      const close = (): void => {
        isOver = true;
        if (!isHeld) giveBlock();
        if (!hasEnded) to.resetAndDestroy();
        resolve(hasEnded);
      };
      from.on('end', end);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', close);
      if (from.destroyed) close();
      else if (from.readableEnded) end();
      return over;
    },
  };
}

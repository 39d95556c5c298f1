import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

export interface Joined {
  /** So many bytes went on from this end. */
  readonly moved: (from: Socket, bytes: number) => void;
  /** The end has said its last byte, in order, and the kernel has all of them to send to the other. */
  readonly ended: (from: Socket) => void;
}

/**
 * Makes one connection of two: bytes go on as they come, no faster than the other end takes them, and so do the end of
 * each direction and a reset. An end that is lost in any other way is a reset for the other one: it must never look
 * like the end of a whole file. Resolves when both are over; with true when both had ended in order.
 */
export async function join(one: Socket, other: Socket, joined: Joined): Promise<boolean> {
  const inOrder = await Promise.all([pass(one, other, joined), pass(other, one, joined)]);
  return inOrder.every(Boolean);
}

/** One direction. */
function pass(from: Socket, to: Socket, { moved, ended }: Joined): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<boolean>();
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
    to.end((failed?: Error | null) => {
      if (!failed) ended(from);
    });
  };
  from.on('data', (chunk: Buffer) => {
    moved(from, chunk.length);
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', end);
  from.on('error', () => to.resetAndDestroy());
  const close = (): void => {
    if (!isEnded) to.resetAndDestroy();
    resolve(isEnded);
  };
  from.on('close', close);
  if (from.destroyed) close();
  else if (from.readableEnded) end();
  else from.resume();
  return over;
}

import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { BlockPool } from '../../../core/buffers.ts';
import { Fault } from '../../../core/fault.ts';
import { readInto } from './read-into.ts';

export interface Receiving {
  readonly pool: BlockPool;
  /** Takes the bytes; their memory is used again when it resolves. Calls do not overlap. */
  readonly write: (bytes: Buffer) => Promise<void>;
  readonly took: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte from the peer. */
  readonly stallMs: number;
}

/**
 * Receives until the peer ends the connection in order. The socket reads straight into blocks of the pool: one fills
 * while the other is written; when both are full it does not read. A slow sender never has more than one.
 *
 * Throws the signal's reason, `cancelled` when the connection is lost, `timed-out`, and what `write` throws. What was
 * received is written before it throws, except when writing failed.
 */
export async function receive(paused: Socket, options: Receiving): Promise<void> {
  const { pool, signal, stallMs } = options;
  let filling: Buffer;
  try {
    filling = await pool.take(signal);
  } catch (thrown) {
    paused.destroy();
    throw thrown;
  }
  let filled = 0;
  /** Free to be filled next. */
  let spare: Buffer | undefined;
  /** Full, and written after the one that is being written now. */
  let full: Buffer | undefined;
  let writing: Buffer | undefined;
  let written = Promise.resolve();
  let stopped = false;

  const over = new AbortController();
  const { promise: ended, resolve: end } = Promise.withResolvers<Fault | undefined>();

  const write = (block: Buffer): void => {
    writing = block;
    written = options.write(block).then(wrote);
    written.catch((thrown: unknown) => end(Fault.from(thrown)));
  };

  const wrote = (): void => {
    const free = writing;
    writing = undefined;
    if (full) {
      const next = full;
      full = undefined;
      write(next);
    } else if (filling !== free) {
      spare = free;
      return;
    }
    stopped = false;
    socket.resume();
  };

  const swap = (): boolean => {
    const block = filling;
    filled = 0;
    if (writing) {
      // Both are full. The one that is being written is free first, so the next bytes go there, but not before.
      full = block;
      filling = writing;
      stopped = true;
      return false;
    }
    write(block);
    if (spare) {
      filling = spare;
      spare = undefined;
      return true;
    }
    askForSecond();
    stopped = true;
    return false;
  };

  let asked = false;
  const askForSecond = (): void => {
    if (asked) return;
    asked = true;
    pool.take(over.signal).then(
      (block) => {
        if (over.signal.aborted) pool.give(block);
        else spare = block;
      },
      () => undefined,
    );
  };

  const socket = readInto(paused, {
    buffer: () => filling.subarray(filled),
    took(bytes) {
      filled += bytes;
      options.took(bytes);
      return filled < filling.length || swap();
    },
  });
  const abort = (): void => end(signal.reason as Fault);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  socket.on('end', () => end(undefined));
  socket.on('error', (cause) => end(new Fault('cancelled', 'the data connection was lost', { cause })));
  socket.on('close', () => end(new Fault('cancelled', 'the data connection was lost')));
  socket.setTimeout(stallMs, () => {
    // Not the sender's fault while it is us who do not read.
    if (stopped) socket.setTimeout(stallMs);
    else end(new Fault('timed-out', 'no data came'));
  });

  try {
    const fault = await ended;
    signal.removeEventListener('abort', abort);
    // Nothing is read any more, so no block fills behind our back.
    socket.destroy();
    while (writing) await written;
    if (filled > 0) await options.write(filling.subarray(0, filled));
    if (fault) throw fault;
  } finally {
    over.abort();
    for (const block of new Set([filling, spare, full, writing])) if (block) pool.give(block);
  }
}

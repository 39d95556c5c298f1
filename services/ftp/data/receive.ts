import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { BlockPool } from '../../../core/buffers.ts';
import { Fault } from '../../../core/fault.ts';
import { readInto } from './read-into.ts';

export interface Receiving {
  /** Without one it reads into its own buffer only. */
  readonly pool: BlockPool | undefined;
  /** Takes the bytes; their memory is used again when it resolves. Calls do not overlap. */
  readonly write: (bytes: Buffer) => Promise<void>;
  readonly took: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte from the peer. */
  readonly stallMs: number;
}

/** Memory that every transfer has of its own, beside the pool. */
const OWN_BYTES = 8 * 1024;
/** Blocks of one transfer: one fills while the other is written. */
const MAX_BLOCKS = 2;
/** Milliseconds in which a quarter of a block comes from those who have blocks. */
const QUIET_MS = 1000;
/** Who was quiet so often gets no more blocks. Each time, Node keeps a few bytes until the connection is closed. */
const MAX_QUIET = 100;
/** Who sends fewer bytes in so many times `stallMs` has stalled too: no line is so slow, it only holds a session. */
const TRICKLE = { bytes: 512, stalls: 5 } as const;

/**
 * Receives until the peer ends the connection in order. The socket reads straight into memory of ours: one buffer fills
 * while another is written; when there is none to fill, it does not read.
 *
 * Nobody waits for the pool, so nobody is locked out by those who hold it: a transfer begins with a small buffer of its
 * own, goes on with it while the pool has nothing left, and has blocks only as long as its bytes come fast.
 *
 * Throws the signal's reason, `cancelled` when the connection is lost, `timed-out`, and what `write` throws. What was
 * received is written before it throws, except when writing failed.
 */
export async function receive(paused: Socket, options: Receiving): Promise<void> {
  const { pool, signal, stallMs } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<Fault | undefined>();
  const own = Buffer.allocUnsafeSlow(Math.min(OWN_BYTES, pool?.blockBytes ?? OWN_BYTES));
  const quietBytes = (pool?.blockBytes ?? 0) / 4;
  /** Milliseconds in which our own buffer fills when bytes come as fast as that. */
  const quickMs = (QUIET_MS * own.length) / quietBytes;
  const blocks = new Set<Buffer>();
  const free: Buffer[] = [];
  /** In order; the first one is being written. */
  const unwritten: { readonly buffer: Buffer; readonly bytes: Buffer }[] = [];
  let filling: Buffer = own;
  let filled = 0;
  /** `filling` is being written, and is filled when it has been. */
  let stopped = false;
  let writing: Promise<void> | undefined;
  /** When the first byte came into our own buffer. */
  let firstByteAt = 0;
  let [lately, sinceStall, quietTimes] = [0, 0, 0];

  const takeBlock = (): Buffer | undefined => {
    const block = blocks.size < MAX_BLOCKS && quietTimes < MAX_QUIET ? pool?.takeLeft() : undefined;
    if (block) blocks.add(block);
    return block;
  };

  const giveBlock = (block: Buffer): void => {
    blocks.delete(block);
    pool?.give(block);
  };

  const write = (buffer: Buffer, bytes: Buffer): void => {
    unwritten.push({ buffer, bytes });
    if (writing) return;
    writing = writeAll();
    writing.catch((thrown: unknown) => end(Fault.from(thrown)));
  };

  const writeAll = async (): Promise<void> => {
    for (let next = unwritten[0]; next; next = unwritten[0]) {
      await options.write(next.bytes);
      unwritten.shift();
      wrote(next.buffer);
    }
    writing = undefined;
  };

  const wrote = (buffer: Buffer): void => {
    if (buffer === filling) {
      stopped = false;
      // As long as we did not read, the sender was not silent.
      sinceStall = TRICKLE.bytes;
      reading.socket.setTimeout(stallMs);
      reading.resume();
    } else if (filling === own) giveBlock(buffer);
    else free.push(buffer);
  };

  /** `filling` is full: goes on with another buffer, or answers false when there is none. */
  const swap = (): boolean => {
    const isQuick = filling === own && performance.now() - firstByteAt <= quickMs;
    const first = isQuick ? takeBlock() : undefined;
    if (first) {
      filled = own.copy(first);
      filling = first;
      return filled < first.length || swap();
    }
    write(filling, filling);
    filled = 0;
    const next = filling === own ? undefined : (free.pop() ?? takeBlock());
    // The one that is being written is free first, so the next bytes go there, but not before.
    filling = next ?? unwritten[0]!.buffer;
    stopped = next === undefined;
    return !stopped;
  };

  const giveBackWhenQuiet = (): void => {
    const isQuiet = blocks.size > 0 && !stopped && lately < quietBytes;
    lately = 0;
    if (!isQuiet) return;
    quietTimes += 1;
    for (const block of free.splice(0)) giveBlock(block);
    if (filling === own) return;
    if (filled > 0) write(filling, filling.subarray(0, filled));
    else giveBlock(filling);
    filling = own;
    filled = 0;
    reading.renew();
  };

  const reading = readInto(paused, {
    buffer: () => filling.subarray(filled),
    took(bytes) {
      if (filled === 0 && filling === own) firstByteAt = performance.now();
      filled += bytes;
      lately += bytes;
      sinceStall += bytes;
      options.took(bytes);
      return filled < filling.length || swap();
    },
  });
  const { socket } = reading;
  const abort = (): void => end(signal.reason as Fault);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  socket.on('end', () => end(undefined));
  if (socket.readableEnded) end(undefined);
  socket.on('error', (cause) => end(new Fault('cancelled', 'the data connection was lost', { cause })));
  socket.on('close', () => {
    if (!socket.readableEnded) end(new Fault('cancelled', 'the data connection was lost'));
  });
  socket.setTimeout(stallMs, () => {
    // Not the sender's fault while it is us who do not read.
    if (stopped) socket.setTimeout(stallMs);
    else end(new Fault('timed-out', 'no data came'));
  });
  const quietTimer = setInterval(giveBackWhenQuiet, QUIET_MS);
  const trickleTimer = setInterval(() => {
    if (!stopped && sinceStall < TRICKLE.bytes) end(new Fault('timed-out', 'hardly any data came'));
    sinceStall = 0;
  }, TRICKLE.stalls * stallMs);

  try {
    const fault = await ended;
    signal.removeEventListener('abort', abort);
    clearInterval(quietTimer);
    clearInterval(trickleTimer);
    // Nothing is read any more, so no buffer fills behind our back. TLS has an end to tell (close_notify).
    if (fault) socket.destroy();
    else socket.destroySoon();
    await writing;
    if (filled > 0) await options.write(filling.subarray(0, filled));
    if (fault) throw fault;
  } finally {
    for (const block of blocks) pool?.give(block);
  }
}

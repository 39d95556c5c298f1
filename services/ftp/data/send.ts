import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Fault } from '../../../core/fault.ts';

export interface Sending {
  readonly sent: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Milliseconds without the peer taking a byte. */
  readonly stallMs: number;
}

/**
 * Sends all chunks and ends the connection. A chunk is let go before the next one is asked for. When it throws, the
 * peer sees a reset, never an end that looks like that of a whole file. Throws the signal's reason, `cancelled` when
 * the connection is lost, `timed-out`, and what the source throws.
 */
export async function send(socket: Socket, chunks: AsyncIterable<Buffer>, options: Sending): Promise<void> {
  const { signal, stallMs, sent } = options;
  let fault: Fault | undefined;
  const stop = (why: Fault): void => {
    fault ??= why;
    socket.resetAndDestroy();
  };
  const lost = (cause?: Error): Fault => new Fault('cancelled', 'the data connection was lost', { cause });
  const abort = (): void => stop(signal.reason as Fault);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  socket.on('error', (cause) => stop(lost(cause)));
  let isTaking = false;
  socket.setTimeout(stallMs, () => {
    // Not the receiver's fault while it is us who have nothing to send.
    if (isTaking) stop(new Fault('timed-out', 'nobody took the data'));
    else socket.setTimeout(stallMs);
  });
  // What the peer sends is of no interest, that it resets is.
  socket.resume();

  const done = async (begin: (callback: (error?: Error | null) => void) => void): Promise<void> => {
    // Node forgets the callback of an `end` that comes after a silent `destroy`.
    if (socket.destroyed) throw lost();
    isTaking = true;
    await new Promise<void>((resolve, reject) => {
      const gone = (): void => reject(lost());
      socket.once('close', gone);
      begin((error) => {
        socket.off('close', gone);
        if (error) reject(lost(error));
        else resolve();
      });
    });
    isTaking = false;
  };

  try {
    for await (const chunk of chunks) {
      await done((callback) => socket.write(chunk, callback));
      sent(chunk.length);
    }
    await done((callback) => socket.end(callback));
    if (fault) throw fault;
    socket.destroySoon();
  } catch (thrown) {
    socket.resetAndDestroy();
    throw fault ?? thrown;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

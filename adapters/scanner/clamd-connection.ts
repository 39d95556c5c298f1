import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Fault } from '../../core/fault.ts';

/** One connection to clamd for one command, as clamd(8) has it: `z`, the command, NUL; a reply that ends in NUL. */
export interface ClamdConnection {
  /** Resolves when the bytes are with the system, so that the caller may use their memory again. */
  send(...pieces: Uint8Array[]): Promise<void>;
  /** The whole reply, once it is there: clamd may answer before it has everything. */
  readonly early: string | undefined;
  /** Waits for the whole reply. */
  reply(): Promise<string>;
  close(): void;
}

export type ClamdAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ClamdTimeouts {
  readonly connectMs: number;
  /** Without clamd taking a byte of what is sent. */
  readonly stallMs: number;
  /** From the last byte sent to the reply: longer than clamd's own MaxScanTime. */
  readonly replyMs: number;
}

/** A reply is a signature's name and a few words. */
const MAX_REPLY_BYTES = 4 * 1024;

/** Throws `scanner-down` for whatever goes wrong with clamd, and the signal's reason when it aborts. */
export async function connectToClamd(
  address: ClamdAddress,
  timeouts: ClamdTimeouts,
  signal: AbortSignal,
): Promise<ClamdConnection> {
  signal.throwIfAborted();
  const socket = connect(address);
  const received: Buffer[] = [];
  let size = 0;
  let whole: string | undefined;
  let failure: unknown;
  /** The one that waits for clamd now: calls do not overlap. */
  let wake = (): void => {};

  const fail = (thrown: unknown): void => {
    failure ??= thrown;
    socket.destroy();
    wake();
  };
  const down = (detail: string, cause?: unknown) => new Fault('scanner-down', detail, { cause });
  const abort = (): void => fail(signal.reason);
  signal.addEventListener('abort', abort, { once: true });

  socket.on('data', (chunk) => {
    size += chunk.length;
    if (size > MAX_REPLY_BYTES) return fail(down('its reply does not end'));
    received.push(chunk);
    const text = Buffer.concat(received).toString('latin1');
    if (!text.includes('\0')) return;
    whole = text.slice(0, text.indexOf('\0'));
    wake();
  });
  // A reset after the reply, as clamd does over its size limit, takes nothing away from the reply.
  socket.on('error', (cause: NodeJS.ErrnoException) =>
    fail(down(`connection failed (${cause.code})`, cause)),
  );
  // A clamd that is killed closes in silence: no error, no reply. That is no verdict.
  socket.on('close', () => fail(down('it closed without a whole reply')));

  /** Waits until `done`, clamd's failure or the time is over. */
  const until = async (done: () => boolean, timeoutMs: number, doing: string): Promise<void> => {
    const timer = setTimeout(() => fail(down(`nothing for ${timeoutMs} ms while ${doing}`)), timeoutMs);
    try {
      while (!done() && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
    if (!done()) throw failure;
  };

  const close = (): void => {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  };

  try {
    let connected = false;
    socket.once('connect', () => {
      connected = true;
      wake();
    });
    await until(() => connected, timeouts.connectMs, 'connecting');
  } catch (thrown) {
    close();
    throw thrown;
  }

  return {
    get early() {
      return whole;
    },
    async send(...pieces) {
      let taken = 0;
      socket.cork();
      for (const piece of pieces) {
        socket.write(piece, (error) => {
          if (!error) taken += 1;
          wake();
        });
      }
      socket.uncork();
      await until(() => taken === pieces.length || whole !== undefined, timeouts.stallMs, 'sending');
      // A write to a connection that clamd has reset would discard its reply, which is then asked for at the next
      // attempt. Two turns of the event loop make that rare: a look at what has arrived between any two writes.
      await setImmediate();
      await setImmediate();
    },
    async reply() {
      await until(() => whole !== undefined, timeouts.replyMs, 'waiting for its reply');
      return whole!;
    },
    close,
  };
}

/** One command without data, and its reply: `PING`, `VERSION`. */
export async function askClamd(
  address: ClamdAddress,
  command: string,
  timeouts: ClamdTimeouts,
  signal: AbortSignal,
): Promise<string> {
  const connection = await connectToClamd(address, timeouts, signal);
  try {
    await connection.send(Buffer.from(`z${command}\0`));
    return await connection.reply();
  } finally {
    connection.close();
  }
}

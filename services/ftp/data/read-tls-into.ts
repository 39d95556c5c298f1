import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Into, Reading } from './read-into.ts';

/** Plain bytes of a TLS record at most (RFC 8446 §5.1). */
const RECORD_BYTES = 16 * 1024;

/** The fields in which a socket keeps what `onread` was given; private, the same in versions 12 to 24. */
const FIELDS = ['kBuffer', 'kBufferCb', 'kBufferGen'] as const;

type Fields = Record<symbol, unknown> & {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
};

/**
 * Has TLS decrypt into the caller's memory: Node would make a buffer for every record, and its collector would take as
 * much of the processor as the digest. `onread` is for sockets that Node makes itself, so its fields are set here;
 * undefined where they are not there.
 *
 * TLS does not stop within a record: what comes of it after `took` said no is kept aside. It must be given no further
 * record before it is resumed, and be unread.
 */
export function readTlsInto(socket: TLSSocket, into: Into): Reading | undefined {
  const fields = socket as unknown as Fields;
  const symbols = Object.getOwnPropertySymbols(socket);
  const [current, took, next] = FIELDS.map((name) => symbols.find((one) => one.description === name));
  const handle = fields._handle;
  if (!current || !took || !next || typeof handle?.useUserBuffer !== 'function') return undefined;
  if (socket.readableLength > 0 || socket.readableEnded) return undefined;

  let aside: Buffer | undefined;
  /** What of `aside` the caller has not taken yet. */
  let [from, to] = [0, 0];
  let isAside = false;
  let isFull = false;

  const pour = (): void => {
    while (from < to && !isFull) {
      const copied = aside!.copy(into.buffer(), 0, from, to);
      from += copied;
      isFull = !into.took(copied);
    }
  };

  const nextBuffer = (): Buffer => {
    isAside = isFull;
    if (!isFull) return into.buffer();
    aside ??= Buffer.allocUnsafeSlow(2 * RECORD_BYTES);
    aside.copyWithin(0, from, to);
    [from, to] = [0, to - from];
    return aside.subarray(to);
  };

  const start = (): void => {
    const buffer = nextBuffer();
    fields[current] = buffer;
    handle.useUserBuffer!(buffer);
  };

  fields[next] = nextBuffer;
  fields[took] = (bytes: number): boolean => {
    if (isAside) {
      to += bytes;
      pour();
    } else isFull = !into.took(bytes);
    return !isFull;
  };
  start();
  return {
    socket: socket.resume() as Socket,
    renew() {
      if (!socket.destroyed) start();
    },
    resume() {
      isFull = false;
      pour();
      if (!isFull) socket.resume();
    },
  };
}

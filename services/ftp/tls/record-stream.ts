import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createRecords } from './records.ts';

/**
 * Bytes that are held back: tickets take some hundreds. A peer can ask for more (RFC 8446 §4.6.3, key updates), and gets
 * it at once then.
 */
const MAX_HELD_BACK = 32 * 1024;

export interface RecordStream {
  /** For a `TLSSocket` to be put on. */
  readonly stream: Duplex;
  /** Whether TLS has been given the end of the connection: an end that it told of before is a close_notify. */
  readonly isEnded: () => boolean;
  /** From here on the peer is told nothing until this side ends. */
  holdBack(): void;
  /** The stream ends, and the socket goes on: from the next byte on that is of no record it is the caller's again. */
  release(caller: Released): void;
}

export interface Released {
  /** What came behind the records; now the socket is free. */
  rest(bytes: Buffer): void;
  /** Nothing came, and nothing will. */
  ended(): void;
}

/**
 * The encrypted side of a TLS connection, as a stream of our own between the socket and Node's TLS: Node would take an
 * end in the middle of a record for one that is in order, and would not give the socket back after CCC. It costs a copy
 * of what is received.
 */
export function overRecords(socket: Socket): RecordStream {
  const records = createRecords();
  let released: Released | undefined;
  let ended = false;
  let heldBack: Buffer[] | undefined;
  let held = 0;

  const letGo = (): void => {
    for (const chunk of heldBack ?? []) socket.write(chunk);
    heldBack = undefined;
  };

  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void (released || socket.resume()),
    write(chunk: Buffer, _encoding, callback) {
      if (!heldBack) return void socket.write(chunk, callback);
      heldBack.push(chunk);
      held += chunk.length;
      if (held > MAX_HELD_BACK) letGo();
      callback();
    },
    final(callback) {
      letGo();
      if (released) callback();
      else socket.end(callback);
    },
    destroy(error, callback) {
      if (!released) socket.destroy();
      callback(error);
    },
  });
  stream.once('end', () => {
    ended = true;
  });

  const onData = (bytes: Buffer): void => {
    const length = records.follow(bytes);
    if (released && length < bytes.length) {
      stopListening();
      stream.push(bytes.subarray(0, length));
      stream.push(null);
      released.rest(bytes.subarray(length));
    } else if (!stream.push(bytes) && !released) socket.pause();
  };
  const onEnd = (): void => {
    if (records.areWhole) stream.push(null);
    else stream.destroy(new Error('the connection ended within a TLS record'));
    released?.ended();
  };
  const onClose = (): void => void stream.destroy();
  const onError = (error: Error): void => void stream.destroy(error);
  const stopListening = (): void => {
    socket.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onError);
  };
  socket.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError);

  return {
    stream,
    isEnded: () => ended,
    holdBack() {
      heldBack = [];
    },
    release(caller) {
      released = caller;
      socket.resume();
    },
  };
}

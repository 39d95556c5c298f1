import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createRecords } from './records.ts';

export interface RecordStream {
  /** For a `TLSSocket` to be put on. */
  readonly stream: Duplex;
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
 * The encrypted side of a TLS control connection, as a stream of our own between the socket and Node's TLS: Node would take an
 * end in the middle of a record for one that is in order, and would not give the socket back after CCC. It costs a copy
 * of what is received.
 */
export function overRecords(socket: Socket): RecordStream {
  const records = createRecords();
  let released: Released | undefined;

  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void (released || socket.resume()),
    write: (chunk: Buffer, _encoding, callback) => void socket.write(chunk, callback),
    final(callback) {
      if (released) callback();
      else socket.end(callback);
    },
    destroy(error, callback) {
      if (!released) socket.destroy();
      callback(error);
    },
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
    release(caller) {
      released = caller;
      socket.resume();
    },
  };
}

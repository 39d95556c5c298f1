import type { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { readTlsInto } from './read-tls-into.ts';

/** How a socket reads into memory of the caller's: `onread` of `net.Socket`. */
export interface Into {
  /** Where the next bytes go; asked after every `took`. */
  readonly buffer: () => Buffer;
  /** So many bytes have come; false pauses the socket. */
  readonly took: (bytes: number) => boolean;
}

/** A connection that reads so. */
export interface Reading {
  readonly socket: Socket;
  /** Asks for `buffer` anew: the one that was answered last is not read into any more. */
  renew(): void;
  /** Goes on after `took` has paused it. */
  resume(): void;
}

/** A handle that can read into a buffer of ours; libuv's TCP handle as Node wraps it. */
interface Handle {
  useUserBuffer?(buffer: Buffer): void;
}

/**
 * The connection's other self that reads straight into the caller's memory: the kernel copies into a block of the
 * pool and nobody copies again. `onread` can only be given to a socket's constructor, and a server makes the sockets
 * that it accepts itself; so the handle moves to a new socket. The handle is a private field of Node's (`_handle`, the
 * same in versions 10 to 24); where it is not there, the bytes are copied. So they are on Windows, whose reads are
 * begun before there are bytes: a buffer could not be taken back.
 *
 * `paused` must be unread, and is not to be used any more.
 */
export function readInto(paused: Socket, into: Into): Reading {
  const owner = paused as unknown as { _handle?: Handle | null };
  const handle = owner._handle;
  // TLS on the socket is there in its own handle, and is lost when that moves.
  if (paused instanceof TLSSocket) return readTlsInto(paused, into) ?? copyInto(paused, into);
  // What came with a PROXY header is in the socket already.
  const isRead = paused.readableLength > 0 || paused.readableEnded;
  if (isRead || typeof handle?.useUserBuffer !== 'function' || process.platform === 'win32') {
    return copyInto(paused, into);
  }
  owner._handle = null;
  paused.destroy();
  const options = { handle, onread: { buffer: into.buffer, callback: into.took }, allowHalfOpen: true };
  const socket = new Socket(options as object);
  return {
    socket,
    renew() {
      // It has none any more when it is closed.
      if (!socket.destroyed) handle.useUserBuffer!(into.buffer());
    },
    resume: () => void socket.resume(),
  };
}

/** The same with public means only. */
export function copyInto(socket: Socket, { buffer, took }: Into): Reading {
  socket.on('data', (chunk: Buffer) => {
    let from = 0;
    while (from < chunk.length) {
      const copied = chunk.copy(buffer(), 0, from);
      from += copied;
      if (took(copied)) continue;
      socket.pause();
      if (from < chunk.length) socket.unshift(chunk.subarray(from));
      return;
    }
  });
  return { socket: socket.resume(), renew: () => undefined, resume: () => void socket.resume() };
}

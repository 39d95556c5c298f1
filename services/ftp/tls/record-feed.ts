import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { readInto } from '../data/read-into.ts';
import { FIRST_TYPE, HEADER_BYTES, LAST_TYPE } from './records.ts';

/** With what encryption may add in TLS 1.2 (RFC 5246 §6.2.3). */
const MAX_RECORD_BYTES = HEADER_BYTES + 16 * 1024 + 2048;
/** Bytes that are read at once; holds any record. */
const READ_BYTES = 64 * 1024;
/** The first read after a pause goes where the pause found it, behind all these at worst. */
const RESERVE_BYTES = 16 * 1024;
/**
 * Bytes that are held back: tickets take some hundreds. A peer can ask for more (RFC 8446 §4.6.3, key updates), and gets
 * it at once then.
 */
const MAX_HELD_BACK = 32 * 1024;

export interface RecordFeed {
  /** For a `TLSSocket` to be put on. */
  readonly stream: Duplex;
  /** The connection, in place of the one that was given. */
  readonly socket: Socket;
  /** Whether TLS has been given the end of the connection: an end that it told of before is a close_notify. */
  readonly isEnded: () => boolean;
  /** Gives TLS no further record until `goOn`. */
  hold(): void;
  goOn(): void;
  /** From here on the peer is told nothing until this side ends. */
  holdBack(): void;
}

/**
 * The encrypted side of a data connection that is received from: gives TLS one whole record at a time, and none while
 * TLS is paused. So an end within a record is known, which Node would take for one that is in order, and nothing is
 * decrypted ahead of the memory for it. The bytes are read into one buffer that is used again and again.
 */
export function feedRecords(paused: Socket): RecordFeed {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES + RESERVE_BYTES);
  /** What TLS was not given yet. */
  let [from, to] = [0, 0];
  let isHeld = false;
  let isOver = false;
  let hasEnded = false;
  let heldBack: Buffer[] | undefined;
  let held = 0;

  const letGo = (): void => {
    for (const chunk of heldBack ?? []) socket.write(chunk);
    heldBack = undefined;
  };

  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    // What asks for more says so by `resume`.
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      if (!heldBack) return void socket.write(chunk, callback);
      heldBack.push(chunk);
      held += chunk.length;
      if (held > MAX_HELD_BACK) letGo();
      callback();
    },
    final(callback) {
      letGo();
      socket.end(callback);
    },
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  stream.once('end', () => {
    hasEnded = true;
  });

  /** The length of the whole record that begins at `from`; what is none goes to TLS as it is, to be refused. */
  const nextRecord = (): number | undefined => {
    const there = to - from;
    if (there === 0) return undefined;
    const type = buffer[from]!;
    if (type < FIRST_TYPE || type > LAST_TYPE) return there;
    if (there < HEADER_BYTES) return undefined;
    const length = HEADER_BYTES + buffer.readUInt16BE(from + HEADER_BYTES - 2);
    if (length > MAX_RECORD_BYTES) return there;
    return length <= there ? length : undefined;
  };

  /** Answers whether TLS has all whole records. */
  const feed = (): boolean => {
    let length = nextRecord();
    while (length !== undefined && stream.readableFlowing && !isHeld && !stream.destroyed) {
      from += length;
      // A stream that flows hands it on at once: TLS has copied it when this returns.
      stream.push(buffer.subarray(from - length, from));
      length = nextRecord();
    }
    if (isOver && length === undefined) end();
    return length === undefined;
  };

  const goOn = (): void => {
    if (feed()) reading.resume();
  };

  const end = (): void => {
    isOver = false;
    if (from === to) stream.push(null);
    else stream.destroy(new Error('the connection ended within a TLS record'));
  };

  stream.on('resume', goOn);
  const reading = readInto(paused, {
    buffer: () => buffer.subarray(to, to < READ_BYTES ? READ_BYTES : buffer.length),
    took(bytes) {
      to += bytes;
      const isFed = feed();
      buffer.copyWithin(0, from, to);
      [from, to] = [0, to - from];
      return isFed;
    },
  });
  const { socket } = reading;
  socket.on('end', () => {
    isOver = true;
    feed();
  });
  socket.on('close', () => void stream.destroy()).on('error', (error) => void stream.destroy(error));

  return {
    stream,
    socket,
    isEnded: () => hasEnded,
    hold() {
      isHeld = true;
    },
    goOn() {
      isHeld = false;
      goOn();
    },
    holdBack() {
      heldBack = [];
    },
  };
}

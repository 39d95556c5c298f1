import { Buffer } from 'node:buffer';
import { binaryData } from './binary-segment.ts';
import { type Delimiters, ISA_BYTES, isFixedIsa, MAX_ISA_BYTES } from './delimiters.ts';

/**
 * Cuts a stream of bytes into segments, in chunks of any size: only what a chunk's end cuts off is copied, and kept
 * until the next chunk comes. What a segment means is the sink's. Offsets are bytes of the whole stream.
 */
export interface SegmentSink {
  /** Outside of interchanges: blanks mean nothing, and any ISA is a header. */
  readonly between: boolean;
  /** The bytes of an ISA, as `readIsa` wants them. Answers nothing when its separators cannot be told. */
  header(bytes: Buffer, offset: number): { delimiters: Delimiters; length: number } | undefined;
  /** `bytes[start..end)`, the terminator and the data of a binary segment left out. */
  segment(bytes: Buffer, start: number, end: number, offset: number): void;
  /** More than line breaks stood before the segment at `offset`. */
  blanks(offset: number): void;
  /** The scan ended here. */
  stuck(why: Stuck, bytes: Buffer, offset: number): void;
}

/** The last one: the stream ended in a segment, whose bytes are given. */
export type Stuck = 'no-header' | 'too-long' | 'binary-length' | 'cut';

export interface SegmentScanner {
  write(chunk: Buffer): void;
  end(): void;
}

/** Bytes of one segment, its binary data apart. */
const MAX_SEGMENT_BYTES = 64 * 1024;

const [LF, CR, B, I] = [0x0a, 0x0d, 0x42, 0x49];
const ISA = Buffer.from('ISA');
/** NUL and ^Z too: what old systems fill up with. */
const isBlank = (byte: number): boolean => byte <= 0x20;
const BOM = Buffer.from('efbbbf', 'hex');

export function createSegmentScanner(sink: SegmentSink): SegmentScanner {
  let carry: Buffer = Buffer.alloc(0);
  /** Of the carry's first byte in the stream. */
  let carryOffset = 0;
  /** Bytes of the segment that is begun that are known to hold no terminator. */
  let searched = 0;
  let delimiters: Delimiters | undefined;
  /** Bytes of binary data still to come; its terminator is to follow when 0. */
  let binaryLeft: number | undefined;
  let blank = false;
  let ended = false;
  let stuck = false;

  const stop = (why: Stuck, bytes: Buffer, start: number, base: number): number => {
    stuck = true;
    sink.stuck(why, bytes.subarray(start), base + start);
    return bytes.length;
  };

  /** Whether an ISA begins at `at`; undefined while there are too few bytes to tell. */
  const isHeader = (bytes: Buffer, at: number): boolean | undefined => {
    for (const [index, letter] of ISA.entries()) {
      const byte = bytes[at + index];
      if (byte === undefined && !ended) return undefined;
      if (byte !== letter) return false;
    }
    const fourth = bytes[at + 3];
    if (fourth === undefined) return ended ? true : undefined;
    return delimiters === undefined || sink.between || fourth === delimiters.element;
  };

  /** Each of these answers where the next segment begins, or undefined for "more bytes, please". */
  const readHeader = (bytes: Buffer, at: number, base: number): number | undefined => {
    const isa = bytes.subarray(at, at + ISA_BYTES);
    if (!isFixedIsa(isa) && bytes.length - at < MAX_ISA_BYTES && !ended) return undefined;
    const header = sink.header(isFixedIsa(isa) ? isa : bytes.subarray(at, at + MAX_ISA_BYTES), base + at);
    if (!header) {
      stuck = true;
      return bytes.length;
    }
    delimiters = header.delimiters;
    return at + header.length;
  };

  const readSegment = (bytes: Buffer, at: number, base: number, using: Delimiters): number | undefined => {
    const end = bytes.indexOf(using.terminator, at + searched);
    const long = (end < 0 ? bytes.length : end) - at > MAX_SEGMENT_BYTES;
    if (end < 0 && !long && !ended) {
      searched = bytes.length - at;
      return undefined;
    }
    const binary = bytes[at] === B ? binaryData(bytes, at, using.element) : undefined;
    if (binary && (end < 0 || binary.from <= end)) {
      sink.segment(bytes, at, binary.from, base + at);
      binaryLeft = Math.max(0, binary.to - bytes.length);
      return Math.min(binary.to, bytes.length);
    }
    if (long) return stop('too-long', bytes, at, base);
    if (end < 0) return stop('cut', bytes, at, base);
    sink.segment(bytes, at, end, base + at);
    return end + 1;
  };

  const readBinary = (bytes: Buffer, at: number, base: number, using: Delimiters): number => {
    const data = Math.min(binaryLeft!, bytes.length - at);
    binaryLeft = binaryLeft! - data;
    const next = at + data;
    if (next === bytes.length) return next;
    binaryLeft = undefined;
    if (bytes[next] !== using.terminator) return stop('binary-length', bytes, next, base);
    return next + 1;
  };

  const passGap = (bytes: Buffer, from: number, base: number): number => {
    let at = from;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte !== CR && byte !== LF) {
        if (!isBlank(byte) || (byte === delimiters?.terminator && !sink.between)) break;
        blank = true;
      }
      at += 1;
    }
    if (at < bytes.length && blank) {
      if (!sink.between) sink.blanks(base + at);
      blank = false;
    }
    return at;
  };

  /** Reads what can be read; answers how many bytes are done with. */
  const read = (bytes: Buffer, base: number): number => {
    let at = 0;
    while (at < bytes.length && !stuck) {
      let next: number | undefined;
      if (binaryLeft !== undefined && delimiters) {
        next = readBinary(bytes, at, base, delimiters);
      } else {
        at = passGap(bytes, at, base);
        if (at === bytes.length) break;
        const header = bytes[at] === I ? isHeader(bytes, at) : false;
        if (header === undefined) return at;
        if (header) next = readHeader(bytes, at, base);
        else if (delimiters) next = readSegment(bytes, at, base, delimiters);
        else next = stop('no-header', bytes, at, base);
      }
      if (next === undefined) return at;
      at = next;
      searched = 0;
    }
    return at;
  };

  const advance = (chunk: Buffer): void => {
    const bytes = carry.length > 0 ? Buffer.concat([carry, chunk]) : chunk;
    let from = 0;
    if (carryOffset === 0) {
      if (bytes.length < BOM.length && BOM.subarray(0, bytes.length).equals(bytes) && !ended) {
        carry = Buffer.from(bytes);
        return;
      }
      if (bytes.subarray(0, BOM.length).equals(BOM)) from = BOM.length;
    }
    const done = from + read(bytes.subarray(from), carryOffset + from);
    carryOffset += done;
    // The chunk's memory is its owner's again after this.
    carry = Buffer.from(bytes.subarray(done));
  };

  return {
    write(chunk) {
      if (!stuck && chunk.length > 0) advance(chunk);
    },
    end() {
      if (stuck) return;
      ended = true;
      advance(Buffer.alloc(0));
      if (!stuck && binaryLeft !== undefined) stop('cut', carry, 0, carryOffset);
    },
  };
}

import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { Fault } from '../../../core/fault.ts';
import { isErrno } from './errno.ts';

/** Bytes of one of the two buffers of a reader: one is with the caller while the other is filled. */
const READ_BYTES = 256 * 1024;
/** The same of a large file, which takes a third less of the processor so. */
const LARGE_READ_BYTES = 1024 * 1024;
/** Readers of large files that have such buffers at a time, in all 16 MiB. */
const MAX_LARGE_READERS = 8;
let largeReaders = 0;

const readBytes = promisify(read);

/**
 * Opens an object's file that has just been looked up, so that this does not wait for the disk; answers its
 * descriptor, undefined when it is gone since. A link or a pipe that was put in its place is not followed or waited
 * for.
 */
export function openObject(path: string): number | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return undefined;
    throw thrown;
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Fault('not-found');
}

/** The file's bytes from `from` up to `to`; closes it. A chunk is valid until the next one is asked for. */
export async function* readFile(file: number, from: number, to: number): AsyncGenerator<Buffer> {
  let reading: Promise<Buffer> | undefined;
  let isLarge = false;
  try {
    const { size } = fstatSync(file);
    if (from > size) throw new Fault('bad-offset', `${from} is beyond the ${size} bytes`);
    const end = Math.min(to, size);
    isLarge = end - from >= 2 * LARGE_READ_BYTES && largeReaders < MAX_LARGE_READERS;
    if (isLarge) largeReaders += 1;
    const blockBytes = isLarge ? LARGE_READ_BYTES : READ_BYTES;
    const buffers: Buffer[] = [];
    let position = from;
    let turn = 0;

    const readNext = async (): Promise<Buffer> => {
      turn = 1 - turn;
      buffers[turn] ??= Buffer.allocUnsafeSlow(Math.min(blockBytes, end - position));
      const buffer = buffers[turn]!;
      const wanted = Math.min(buffer.length, end - position);
      const { bytesRead } = await readBytes(file, buffer, 0, wanted, position);
      if (bytesRead === 0) throw new Fault('store-down', 'the file became shorter while it was read');
      position += bytesRead;
      return buffer.subarray(0, bytesRead);
    };
    const readAhead = (): Promise<Buffer> | undefined => {
      if (position >= end) return undefined;
      const next = readNext();
      // Its failure is the caller's when it asks for the chunk, and nobody's before.
      next.catch(() => undefined);
      return next;
    };

    reading = readAhead();
    while (reading) {
      const chunk: Buffer = await reading;
      reading = readAhead();
      yield chunk;
    }
  } finally {
    await reading?.catch(() => undefined);
    if (isLarge) largeReaders -= 1;
    closeSync(file);
  }
}

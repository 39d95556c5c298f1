import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../../../core/fault.ts';

/** Bytes of one of the two buffers of a reader: one is with the caller while the other is filled. */
const READ_BYTES = 256 * 1024;

/** Opens an object's file. A link or a pipe that was put in its place is not followed or waited for. */
export async function openObject(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Fault('not-found');
}

/** The file's bytes from `from` up to `to`; closes it. A chunk is valid until the next one is asked for. */
export async function* readFile(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  let reading: Promise<Buffer> | undefined;
  try {
    const { size } = await handle.stat();
    if (from > size) throw new Fault('bad-offset', `${from} is beyond the ${size} bytes`);
    const end = Math.min(to, size);
    const buffers: Buffer[] = [];
    let position = from;
    let turn = 0;

    const readNext = async (): Promise<Buffer> => {
      turn = 1 - turn;
      buffers[turn] ??= Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - position));
      const buffer = buffers[turn]!;
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - position), position);
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
    await handle.close();
  }
}

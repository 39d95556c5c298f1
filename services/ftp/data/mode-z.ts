import type { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';
import { createDeflate, createInflate } from 'node:zlib';
import { Fault } from '../../../core/fault.ts';

/** draft-preston-ftpext-deflate: what goes over the data connection in MODE Z is one zlib stream. */

/** Bytes that come out at a time, however much a stream swells. */
const CHUNK_BYTES = 64 * 1024;
/** As zlib has it: the middle between speed and size. */
export const DEFAULT_LEVEL = 6;

/** Resolves when the stream is done with the chunk's memory, or takes no more. */
const taken = (stream: Transform, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      stream.off('close', done).off('end', done);
      resolve();
    };
    stream.on('close', done).on('end', done);
    stream.write(chunk, done);
  });

/** The chunks, compressed. Each is let go before the next one is asked for. */
export async function* deflated(chunks: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  const deflate = createDeflate({ level, chunkSize: CHUNK_BYTES });
  const feed = async (): Promise<void> => {
    for await (const chunk of chunks) {
      await taken(deflate, chunk);
      if (deflate.destroyed) return;
    }
    deflate.end();
  };
  const fed = feed().catch((thrown: Error) => void deflate.destroy(thrown));
  try {
    yield* deflate as AsyncIterable<Buffer>;
  } finally {
    deflate.destroy();
    await fed;
  }
}

export interface Inflater {
  /** Resolves when the bytes' memory is free again. Throws as `end`. */
  write(bytes: Buffer): Promise<void>;
  /**
   * All has come. Throws `incomplete` where the stream does not end, `bad-argument` where it is none or more follows,
   * and what the caller's `write` throws.
   */
  end(): Promise<void>;
  /** Lets go of what is held, when the caller's `write` is over. */
  close(): Promise<void>;
}

/** Decompresses into `write`, whose calls do not overlap: a slow one holds up all before it. */
export function createInflater(write: (bytes: Buffer) => Promise<void>): Inflater {
  const inflate = createInflate({ chunkSize: CHUNK_BYTES });
  let given = 0;
  const pump = async (): Promise<void> => {
    try {
      for await (const bytes of inflate) await write(bytes as Buffer);
    } catch (thrown) {
      throw asFault(thrown);
    }
    if (inflate.bytesWritten < given) throw damaged('there is more after its end');
  };
  const pumped = pump();
  // It may fail while nobody waits for it.
  pumped.catch(() => undefined);
  return {
    async write(bytes) {
      given += bytes.length;
      await Promise.race([taken(inflate, bytes), pumped]);
      if (inflate.readableEnded) await pumped;
    },
    async end() {
      inflate.end();
      await pumped;
    },
    async close() {
      inflate.destroy();
      await pumped.catch(() => undefined);
    },
  };
}

const damaged = (why: string): Fault => new Fault('bad-argument', `MODE Z takes a zlib stream: ${why}`);

function asFault(thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'Z_BUF_ERROR') return new Fault('incomplete', 'the compressed stream does not end');
  return code.startsWith('Z_') ? damaged((thrown as Error).message) : thrown;
}

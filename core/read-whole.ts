import { Buffer } from 'node:buffer';
import { Fault } from './fault.ts';
import type { Objects } from './ports/store.ts';

/**
 * A small object's bytes, `arrival` as in `Objects.head`. Throws `not-found`, and `too-large` beyond `maxBytes`: never
 * a whole large file.
 */
export async function readWhole(
  objects: Objects,
  key: string,
  maxBytes: number,
  arrival?: string,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of objects.read(key, arrival === undefined ? {} : { arrival })) {
    size += chunk.length;
    if (size > maxBytes) throw new Fault('too-large', `${key} has more than ${maxBytes} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks, size);
}

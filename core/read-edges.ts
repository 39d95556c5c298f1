import { Buffer } from 'node:buffer';
import { type Content, EDGE_BYTES } from './evidence.ts';
import type { ObjectInfo, Objects } from './ports/store.ts';

/** The first and the last bytes of a stored file, as an upload keeps them of its own. */
export async function readEdges(
  objects: Pick<Objects, 'read'>,
  { key, size, arrival }: ObjectInfo,
): Promise<Pick<Content, 'head' | 'tail'>> {
  const edge = async (from: number): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    const range = { from, to: Math.min(size, from + EDGE_BYTES), ...(arrival ? { arrival } : {}) };
    for await (const chunk of objects.read(key, range)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  };
  return { head: await edge(0), tail: await edge(Math.max(0, size - EDGE_BYTES)) };
}

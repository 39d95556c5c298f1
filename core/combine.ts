import type { Arrival } from './arrival.ts';
import { Fault } from './fault.ts';
import type { Landing } from './landing.ts';
import type { ObjectInfo, Objects } from './ports/store.ts';

export interface Combining {
  /** Ends it with its reason; what was combined so far is kept as that of an interrupted upload. */
  readonly signal: AbortSignal;
  readonly wrote: (bytes: number) => void;
}

/** Lands the files' bytes, one after the other, as one upload of its own: whole, or not at all. */
export async function combineInto(
  landing: Landing,
  files: readonly ObjectInfo[],
  objects: Pick<Objects, 'read'>,
  { signal, wrote }: Combining,
): Promise<Arrival> {
  const announcedSize = files.reduce((total, { size }) => total + size, 0);
  try {
    for (const { key, arrival } of files) {
      for await (const chunk of objects.read(key, arrival === undefined ? {} : { arrival })) {
        signal.throwIfAborted();
        await landing.write(chunk);
        wrote(chunk.length);
      }
    }
    signal.throwIfAborted();
  } catch (thrown) {
    await landing.giveUp(Fault.from(thrown));
    throw thrown;
  }
  return landing.commit(() => ({ announcedSize, controlAlive: !signal.aborted }));
}

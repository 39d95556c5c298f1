import { afterAll, beforeAll, describe } from 'vitest';
import type { Store } from '../../core/ports/store.ts';
import { foldersContract } from './store/folders.ts';
import { namesContract } from './store/names.ts';
import { objectsContract } from './store/objects.ts';
import { racesContract } from './store/races.ts';
import { renamesContract } from './store/renames.ts';
import { resumeContract } from './store/resume.ts';
import { sweepContract } from './store/sweep.ts';
import { touchContract } from './store/touch.ts';
import { uploadsContract } from './store/uploads.ts';

/** A fresh, empty store for a suite. */
export interface StoreUnderTest {
  readonly store: Store;
  /** The same objects as another process would open them. */
  readonly peer: Store;
  /** Closes both and deletes everything. */
  discard(): Promise<void>;
}

/** How a part of the suite gets at the store: it is open from the first test on. */
export type Open = () => { store: Store; peer: Store };

/** Where stores differ by nature. */
export interface Nature {
  /** What a listing says of when: what `head` says, or when an object was written and nothing of folders. */
  readonly listedTimes: 'as head' | 'written';
  /** What a sweep does to an upload whose writer is there, but has sent nothing for as long. */
  readonly silentUploads: 'swept' | 'kept';
}

/** What every store must do: each sentence of `core/ports/store.ts`. */
export function storeContract(
  name: string,
  openStore: () => Promise<StoreUnderTest>,
  nature: Nature = { listedTimes: 'as head', silentUploads: 'swept' },
): void {
  const parts = {
    objects: objectsContract,
    renames: renamesContract,
    touch: touchContract,
    folders: foldersContract,
    names: namesContract,
    uploads: uploadsContract,
    resume: resumeContract,
    races: racesContract,
    sweep: sweepContract,
  };
  describe(name, () => {
    for (const [part, contract] of Object.entries(parts)) {
      describe(part, () => {
        let opened: StoreUnderTest;
        beforeAll(async () => {
          opened = await openStore();
        });
        afterAll(() => opened.discard());
        contract(() => opened, nature);
      });
    }
  });
}

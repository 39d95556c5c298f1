import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

/** Makes a folder's names durable. */
export type SyncFolder = (path: string) => Promise<void>;

/**
 * fsync of folders, shared: while one of a folder is under way, all who ask for another get the same next one. A sync
 * that is under way may have begun before the asker's change, so it is never the one that is shared.
 */
export function createFolderSync(): SyncFolder {
  const turns = new Map<string, { running: Promise<void>; next?: Promise<void> }>();

  const start = (path: string): Promise<void> => {
    const running = fsyncFolder(path);
    turns.set(path, { running });
    const done = () => {
      if (turns.get(path)?.next === undefined) turns.delete(path);
    };
    running.then(done, done);
    return running;
  };

  return (path) => {
    const turn = turns.get(path);
    if (!turn) return start(path);
    const again = () => start(path);
    turn.next ??= turn.running.then(again, again);
    return turn.next;
  };
}

const fsyncFile = promisify(fsync);

/** Only the sync waits for the disk. */
async function fsyncFolder(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await fsyncFile(file);
  } finally {
    closeSync(file);
  }
}

import { watch } from 'node:fs';

/** From the last event to the reading: an editor writes a file in several steps. */
const SETTLE_MS = 150;
/** Between looks at a folder that may be of a kind that sends no events: network and overlay file systems. */
const POLL_MS = 3_000;

/**
 * Calls `look` when something in the folder changes (`certain`), and now and then besides; never twice at once.
 * `close` resolves when no call runs any more.
 */
export function watchFolder(folder: string, look: (certain: boolean) => Promise<void>) {
  let running: Promise<void> = Promise.resolve();
  let queued = 0;
  let settle: NodeJS.Timeout | undefined;
  const enqueue = (certain: boolean): void => {
    // A poll that comes while the folder is read adds nothing.
    if (!certain && queued > 0) return;
    queued += 1;
    running = running
      .then(() => look(certain))
      .finally(() => {
        queued -= 1;
      });
  };

  const closers: (() => void)[] = [];
  try {
    const watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(settle);
      settle = setTimeout(enqueue, SETTLE_MS, true);
      settle.unref();
    });
    // What goes wrong with the events costs only time: the poll sees the same.
    watcher.on('error', () => watcher.close());
    closers.push(() => watcher.close());
  } catch {
    // No events here (too many watches, a file system without): the poll does it alone.
  }
  const poll = setInterval(enqueue, POLL_MS, false);
  poll.unref();
  closers.push(() => clearInterval(poll));

  return {
    async close(): Promise<void> {
      for (const close of closers) close();
      clearTimeout(settle);
      await running;
    },
  };
}

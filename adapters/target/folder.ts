import { randomUUID } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Fault } from '../../core/fault.ts';
import type { Target, TargetDelivery } from '../../core/ports/target.ts';
import type { TargetSpec } from '../../core/target-spec.ts';
import { deliveredNames } from './delivered-names.ts';
import {
  isMissing,
  isSameFile,
  linkNew,
  openHiddenFolder,
  syncFolder,
  writeDurably,
} from './delivery-folder.ts';

/**
 * A folder of this machine. A file appears in it whole and durable, under its name, in one atomic step.
 *
 * The steps are: part written and synced; linked to `ready` (the first of several attempts wins); `ready` linked or
 * moved to the name outside; `done` written; `ready` removed. An attempt that finds `done` has nothing to do, one
 * that finds its own file outside has only to say so. What is left: killed between the last two names, and the file
 * outside taken away before the next attempt, which then brings it again.
 *
 * The file's time is that of the delivery, because consumers look for what is newer than their last visit.
 */
export function createFolderTarget({ path, existing }: Extract<TargetSpec, { to: 'folder' }>): Target {
  const folder = resolve(path);

  /** Gives the ready file its name outside; answers the name. */
  const publish = async (ready: string, names: readonly string[]): Promise<string> => {
    for (const name of names) if (await isSameFile(ready, join(folder, name))) return name;
    for (const name of names) {
      const file = join(folder, name);
      if (existing === 'replace') {
        await replaceFile(ready, file);
        return name;
      }
      // Another attempt of this delivery may have been quicker by a moment.
      if ((await linkNew(ready, file)) || (await isSameFile(ready, file))) return name;
    }
    throw new Fault('target-refused', `there is another ${join(folder, names.at(-1)!)}`);
  };

  const deliver = async (delivery: TargetDelivery, signal: AbortSignal): Promise<string> => {
    const names = deliveredNames(delivery.arrival, existing);
    const hidden = await openHiddenFolder(folder);
    const [ready, done] = [`${delivery.deliveryId}.ready`, `${delivery.deliveryId}.done`].map((name) =>
      join(hidden, name),
    ) as [string, string];

    const before = await nameIn(done);
    if (before === undefined) await makeReady(delivery, ready, hidden, signal);
    // Asked again: another attempt may have finished, and removed its ready file, before this one made one.
    const name = before ?? (await nameIn(done)) ?? (await publish(ready, names).catch(forget(ready)));
    if (before === undefined) {
      await syncFolder(folder);
      await markDone(done, name, hidden);
    }
    await rm(ready, { force: true });
    return join(folder, name);
  };

  return {
    async deliver(delivery, signal) {
      try {
        return { place: await deliver(delivery, signal) };
      } catch (thrown) {
        if (thrown instanceof Fault) throw thrown;
        const { code } = thrown as NodeJS.ErrnoException;
        if (typeof code !== 'string') throw thrown;
        throw new Fault('target-down', `${folder}: ${code}`, { cause: thrown });
      }
    },
  };
}

async function makeReady(delivery: TargetDelivery, ready: string, hidden: string, signal: AbortSignal) {
  const part = join(hidden, `${delivery.deliveryId}.${randomUUID()}.part`);
  if (await isSameFile(ready, ready)) return;
  await writeDurably(part, async (file) => {
    for await (const chunk of delivery.bytes()) {
      if (signal.aborted) throw new Fault('cancelled', 'the delivery was stopped', { cause: signal.reason });
      await file.writeFile(chunk);
    }
  });
  try {
    await linkNew(part, ready);
  } finally {
    await rm(part, { force: true });
  }
}

/** Refused is for good: its bytes need not wait for another attempt. */
const forget = (ready: string) => async (thrown: unknown) => {
  if (thrown instanceof Fault && !thrown.retry) await rm(ready, { force: true });
  throw thrown;
};

/** `rename` replaces in one step, but takes the old name away: so a name of its own is moved, and `ready` stays. */
async function replaceFile(ready: string, file: string): Promise<void> {
  const twin = `${ready}.${randomUUID()}.part`;
  await linkNew(ready, twin);
  try {
    await rename(twin, file);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    // The latter for the hidden folder itself, which the moved file is in.
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY') throw thrown;
    throw new Fault('target-refused', `${file} is a folder`, { cause: thrown });
  } finally {
    // Where both are one file already, rename does nothing and leaves both names.
    await rm(twin, { force: true });
  }
}

/** The name outside that a finished delivery has, from its mark. */
async function nameIn(done: string): Promise<string | undefined> {
  try {
    return await readFile(done, 'utf8');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/** Whole or not at all, and the first one stays. */
async function markDone(done: string, name: string, hidden: string): Promise<void> {
  const part = `${done}.${randomUUID()}.part`;
  await writeDurably(part, (file) => file.writeFile(name));
  await linkNew(part, done);
  await rm(part, { force: true });
  await syncFolder(hidden);
}

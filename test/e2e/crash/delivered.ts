import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../core/fault.ts';
import type { Ledger } from '../../../core/ledger.ts';
import type { Store } from '../../../core/ports/store.ts';
import { readWhole } from '../../../core/read-whole.ts';
import { type Attempt, type Attempts, sha256 } from './attempts.ts';

/** A file that can be seen somewhere. */
export interface SeenFile {
  readonly place: string;
  readonly name: string;
  readonly bytes: Buffer;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** What is in a delivery folder for all to see. */
export async function seenInFolder(folder: string): Promise<SeenFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.name !== '.landfall');
  return Promise.all(
    files.map(async ({ name }) => ({
      place: folder,
      name,
      bytes: await readFile(join(folder, name)),
    })),
  );
}

export async function seenInStore({ folders, objects }: Store, key: string): Promise<SeenFile[]> {
  const seen: SeenFile[] = [];
  for await (const { name } of folders.list(key)) {
    seen.push({ place: key, name, bytes: await readWhole(objects, `${key}/${name}`, MAX_BYTES) });
  }
  return seen;
}

/** The sender's name of a file that was delivered beside another of its name: `po ~1a2b3c4d5e6f.x12` is `po.x12`. */
const sentName = (name: string): string => name.replace(/ ~[0-9a-f]{12}(?=\.\w+$)/, '');

/** The attempt that each file is of. What is nobody's, or a part of something, goes to `problems`. */
export function attemptsOf(seen: readonly SeenFile[], attempts: Attempts, problems: string[]): Attempt[] {
  return seen.flatMap(({ place, name, bytes }) => {
    const attempt = attempts.find(sentName(name), sha256(bytes));
    if (!attempt) problems.push(`${place}/${name}: ${bytes.length} bytes that nobody sent so`);
    return attempt ?? [];
  });
}

/** Each acknowledged attempt once, each other one once at most. */
export function requireOnce(
  place: string,
  delivered: readonly Attempt[],
  attempts: Attempts,
  problems: string[],
) {
  const times = new Map<Attempt, number>();
  for (const attempt of delivered) times.set(attempt, (times.get(attempt) ?? 0) + 1);
  for (const attempt of attempts.all) {
    const count = times.get(attempt) ?? 0;
    if (count > 1 || (count === 0 && attempt.acknowledged)) {
      const was = attempt.acknowledged ? 'acknowledged' : 'not acknowledged';
      problems.push(`${place}: ${attempt.file.name} (${attempt.bytes.length} bytes, ${was}) ${count} times`);
    }
  }
}

const COMPLETE = [
  'deliver folder delivered',
  'deliver store delivered',
  'route routed',
  'scan passed',
  'validate passed',
];

/** Every announced arrival has a complete timeline, one record a stage; answers whose they are. */
export async function requireTimelines(
  ledger: Ledger,
  days: readonly string[],
  attempts: Attempts,
  problems: string[],
): Promise<Attempt[]> {
  const announced: Attempt[] = [];
  for (const id of (await Promise.all(days.map((day) => ledger.arrivalsOf(day)))).flat()) {
    const timeline = await ledger.timeline(id);
    if (!timeline?.announced) continue;
    const { path, digests } = timeline.arrival;
    // Held is a note, no record: a stage may have waited for what a killed process had locked, before it was done.
    const done = timeline.records.filter(({ result }) => result !== 'held');
    const records = done.map(({ stage, target, result }) =>
      [stage, target, result].filter(Boolean).join(' '),
    );
    if (records.sort().join() !== COMPLETE.join()) problems.push(`${id} ${path}: only ${records.join(', ')}`);
    const attempt = attempts.ofArrival(path.slice('/in/'.length), timeline.arrival.size, digests.sha256);
    if (attempt) announced.push(attempt);
    else problems.push(`${id} ${path}: announced, and nobody sent it`);
  }
  return announced;
}

/** The attempts that a 997 in /out accepts. */
export async function acknowledgedIn(
  store: Store,
  attempts: Attempts,
  problems: string[],
): Promise<Attempt[]> {
  const byControl = new Map(attempts.all.map((attempt) => [attempt.control, attempt]));
  return (await seenInStore(store, 'files/acme/out').catch(none)).flatMap(({ name, bytes }) => {
    const text = bytes.toString('latin1');
    const attempt = byControl.get(Number(/AK1\*PO\*(\d+)/.exec(text)?.[1]));
    const fits = attempt && name.startsWith(`${attempt.file.name}.`) && text.includes('AK9*A*1*1*1~');
    if (!fits || !/~\s*IEA\*1\*\d{9}~\s*$/.test(text)) problems.push(`/out/${name} is no 997 that is owed`);
    return attempt ?? [];
  });
}

const none = (thrown: unknown): SeenFile[] => {
  if (thrown instanceof Fault && thrown.code === 'not-found') return [];
  throw thrown;
};

import { randomInt } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, FTPError } from 'basic-ftp';
import { PASSWORD, USER } from '../lab.ts';
import type { Attempt, Attempts, FileToSend, Kind } from './attempts.ts';

export interface Senders {
  /** Replies that a partner's program would call for help about: not that the server is gone, or is going. */
  readonly refusals: readonly string[];
  /** Resolves when everybody is through with the last file. */
  readonly done: Promise<void>;
}

/**
 * What a killed process had locked in the store is free a minute later; this sender rather comes again than waits for the
 * 450 that it would get after half of that.
 */
const TIMEOUT_MS = 20_000;
/** Between two files of one sender, and between two tries; at most, in milliseconds. */
const PAUSE_MS = 400;
const RETRY_MS = 150;
/** What the senders send, again and again. */
const KINDS: readonly Kind[] = [
  'small',
  'x12',
  'tiny',
  'small',
  'x12',
  'small',
  'tiny',
  'x12',
  'small',
  'small',
  'x12',
  'large',
];

/**
 * Senders at `port`, each with one file after another until `signal` aborts. Most files are sent until they are
 * acknowledged. Some are sent once: what became of them must be right, too, with nobody who sends them again.
 */
export function startSenders(
  options: { port: number; count: number; signal: AbortSignal },
  attempts: Attempts,
): Senders {
  const refusals: string[] = [];
  const numbers = Array.from({ length: options.count }, (_, index) => index);
  const all = numbers.map((sender) => sendFiles(sender, options, attempts, refusals));
  return { refusals, done: Promise.all(all).then(() => undefined) };
}

async function sendFiles(
  sender: number,
  { port, signal }: { port: number; signal: AbortSignal },
  attempts: Attempts,
  refusals: string[],
): Promise<void> {
  const client = new Client(TIMEOUT_MS);
  client.close();
  for (let number = 0; !signal.aborted; number += 1) {
    const kind = KINDS[(sender * 5 + number) % KINDS.length]!;
    const name = `${sender}-${number}-${kind}${kind === 'x12' ? '.x12' : '.dat'}`;
    const renames = (sender + number) % 3 === 0;
    const givesUp = !renames && number % 3 === 2;
    const land = renames ? landRenamed : landPlain;
    const state: State = { file: { name, kind } };
    while (!(await trySending(client, port, () => land(client, attempts, state), refusals)) && !givesUp) {
      await sleep(randomInt(RETRY_MS));
    }
    await sleep(randomInt(PAUSE_MS));
  }
  client.close();
}

interface State {
  readonly file: FileToSend;
  /** Known to be stored under its temporary name. */
  stored?: Attempt | undefined;
}

/** Whether it is done. */
async function trySending(
  client: Client,
  port: number,
  land: () => Promise<Attempt>,
  refusals: string[],
): Promise<boolean> {
  try {
    if (client.closed) await client.access({ host: '127.0.0.1', port, user: USER, password: PASSWORD });
    (await land()).acknowledged = true;
    return true;
  } catch (thrown) {
    // A dead server, or one that is going down, is part of the day.
    if (thrown instanceof FTPError && thrown.code !== 421) refusals.push(thrown.message);
    client.close();
    return false;
  }
}

async function landPlain(client: Client, attempts: Attempts, { file }: State): Promise<Attempt> {
  const attempt = attempts.make(file);
  await client.uploadFrom(Readable.from([attempt.bytes]), `/in/${file.name}`);
  return attempt;
}

/** Sends under a temporary name, then renames; when the rename's answer was lost, tries that again first. */
async function landRenamed(client: Client, attempts: Attempts, state: State): Promise<Attempt> {
  const { file } = state;
  const temporary = `/in/${file.name}.part`;
  const isRetry = state.stored !== undefined;
  if (isRetry && !(await isThere(client, temporary))) state.stored = undefined;
  if (!state.stored) {
    const attempt = attempts.make(file);
    await client.uploadFrom(Readable.from([attempt.bytes]), temporary);
    state.stored = attempt;
  }
  const { stored } = state;
  try {
    await client.rename(temporary, `/in/${file.name}`);
  } catch (thrown) {
    // A store of its own may do a request of the killed Landfall even now: the rename that we try again is done.
    const isDone = isRetry && thrown instanceof FTPError && !(await isThere(client, temporary));
    if (!isDone) throw thrown;
    state.stored = undefined;
    return landRenamed(client, attempts, state);
  }
  return stored;
}

async function isThere(client: Client, path: string): Promise<boolean> {
  const { code } = await client.sendIgnoringError(`MLST ${path}`);
  return code === 250;
}

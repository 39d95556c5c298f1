import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';
import { Fault } from '../../../core/fault.ts';
import { sqsFault } from './sqs-fault.ts';

/** What SQS takes in one request. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 1024 * 1024;
/** Requests under way at once for one queue and kind; what is asked meanwhile fills the next ones. */
const MAX_REQUESTS = 8;
/** Rounds in which entries that SQS failed by its own fault are asked for again, and the wait before the first. */
const ROUNDS = 4;
const FIRST_WAIT_MS = 100;

/** Sends the entries, named by their place in the list, and answers those that failed. */
type Send<Entry> = (entries: readonly Entry[]) => Promise<BatchResultErrorEntry[] | undefined>;

/** Puts what is asked in the same turn of the event loop into few requests. */
export interface Batches<Entry> {
  /** Resolves when SQS has done it; throws `Fault`, for this entry alone where SQS says so. `bytes`: its size. */
  add(entry: Entry, bytes: number): Promise<void>;
  /** Resolves when what was asked before is done; what is asked afterwards throws `queue-down`. */
  close(): Promise<void>;
}

interface Asked<Entry> {
  readonly entry: Entry;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

export function createBatches<Entry>(send: Send<Entry>): Batches<Entry> {
  const waiting: Asked<Entry>[] = [];
  const workers = new Set<Promise<void>>();
  /** Workers that take a batch in the next turn. */
  let gathering = 0;
  let closed = false;

  const work = async (): Promise<void> => {
    do {
      gathering += 1;
      await nextTurn();
      gathering -= 1;
      await sendBatch(takeBatch(waiting), send);
    } while (waiting.length > 0);
  };

  return {
    add(entry, bytes) {
      if (closed) return Promise.reject(new Fault('queue-down', 'it is closed'));
      return new Promise((resolve, reject) => {
        waiting.push({ entry, bytes, resolve, reject });
        if (workers.size === MAX_REQUESTS || waiting.length <= gathering * MAX_ENTRIES) return;
        const worker = work().finally(() => workers.delete(worker));
        workers.add(worker);
      });
    },
    async close() {
      closed = true;
      await Promise.all(workers);
    },
  };
}

/** Takes from the front, at least one, as many as go into one request. */
function takeBatch<Entry>(waiting: Asked<Entry>[]): Asked<Entry>[] {
  let bytes = 0;
  let count = 0;
  while (count < Math.min(waiting.length, MAX_ENTRIES)) {
    bytes += waiting[count]!.bytes;
    if (count > 0 && bytes > MAX_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function sendBatch<Entry>(batch: Asked<Entry>[], send: Send<Entry>): Promise<void> {
  let left = batch;
  for (let round = 1; left.length > 0; round += 1) {
    let failed: BatchResultErrorEntry[];
    try {
      failed = (await send(left.map(({ entry }) => entry))) ?? [];
    } catch (thrown) {
      for (const { reject } of left) reject(sqsFault(thrown));
      return;
    }
    const failures = new Map(failed.map((failure) => [Number(failure.Id), failure]));
    const again: Asked<Entry>[] = [];
    for (const [index, asked] of left.entries()) {
      const failure = failures.get(index);
      if (!failure) asked.resolve();
      else if (failure.SenderFault || round === ROUNDS) asked.reject(entryFault(failure));
      else again.push(asked);
    }
    left = again;
    if (left.length > 0) await sleep(FIRST_WAIT_MS * 2 ** (round - 1));
  }
}

function entryFault({ Code: name = 'Error', Message: message = name }: BatchResultErrorEntry): Fault {
  return sqsFault(Object.assign(new Error(message), { name }));
}

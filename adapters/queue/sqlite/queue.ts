import { resolve } from 'node:path';
import { Fault } from '../../../core/fault.ts';
import { bodyBytes } from '../../../core/message-body.ts';
import type { DeadLetter, Delivery, Outgoing, Queue } from '../../../core/ports/queue.ts';
import { whileBusy } from './busy.ts';
import { openDatabase } from './database.ts';
import { createGroupCommit } from './group-commit.ts';
import { openLogSync } from './log-sync.ts';
import { createReceivers } from './receivers.ts';
import { prepareStatements } from './statements.ts';

/** Dead letters that are put back in one transaction. */
const REDRIVE_BATCH = 100;

/**
 * The queue in one SQLite file, for any number of processes of one machine. Durable when `send` resolves; times are
 * the machine's clock. Throws `queue-down`, `store-full`.
 */
export async function openSqliteQueue({ file }: { file: string }): Promise<Queue> {
  const database = await openDatabase(file);
  const sql = prepareStatements(database);
  const log = openLogSync(resolve(file));
  const transactions = createGroupCommit(database, log.sync);
  const receivers = createReceivers(database);
  let closed = false;

  const insert = (queue: string, { body, delayMs = 0, group = '' }: Outgoing): void => {
    const now = Date.now();
    sql.send.run({ queue, lane: group, now, visibleAt: later(now, delayMs), body });
  };

  const delivery = (queue: string, row: Record<string, unknown>): Delivery => {
    const hold = () => ({ id: row.id as number, attempt: row.attempt as number, now: Date.now() });
    return {
      id: String(row.id),
      body: row.body as string,
      attempt: row.attempt as number,
      sentAt: new Date(row.sent_at as number),
      async ack() {
        await transactions.run(() => sql.ack.run(hold()));
      },
      async release(delayMs) {
        await transactions.run(() => {
          const held = hold();
          sql.release.run({ ...held, queue, visibleAt: later(held.now, delayMs) });
        });
        // A delayed one too: a receiver that waits has to wait for less.
        receivers.notify(queue);
      },
      async bury(reason) {
        await transactions.run(() => {
          const held = hold();
          sql.bury.run({ ...held, reason });
          sql.ack.run(held);
        });
      },
      async extend(visibilityMs) {
        await transactions.run(() => {
          const held = hold();
          sql.extend.run({ ...held, visibleAt: later(held.now, visibilityMs) });
        });
      },
    };
  };

  /** Puts the dead letter back, if there is one. */
  const revive = (queue: string, id: number): boolean => {
    const letter = sql.exhume.get({ queue, id });
    if (letter) insert(queue, { body: String(letter.body), group: String(letter.lane) });
    return letter !== undefined;
  };

  /** Milliseconds until a message is due; 0 or less for now, Infinity when there is none. */
  const dueInMs = async (queue: string): Promise<number> => {
    const due = (await whileBusy(() => sql.nextDue.get({ queue })))!.due as number | null;
    return due === null ? Infinity : due - Date.now();
  };

  const take = (queue: string, max: number, visibilityMs: number): Delivery[] => {
    const now = Date.now();
    sql.makeDueReady.run({ queue, now });
    const rows = sql.receive.all({ queue, max, visibleAt: later(now, visibilityMs) });
    return rows.map((row) => delivery(queue, row));
  };

  return {
    async send(queue, messages) {
      let bytes = 0;
      for (const { body } of messages) bytes += bodyBytes(body);
      await transactions.run(() => {
        for (const message of messages) insert(queue, message);
      }, bytes);
      receivers.notify(queue);
    },

    async receive(queue, { max, waitMs, visibilityMs }, signal) {
      const until = performance.now() + waitMs;
      while (!signal.aborted) {
        if (closed) throw new Fault('queue-down', 'it is closed');
        const dueMs = await dueInMs(queue);
        if (dueMs <= 0) {
          const taken = await transactions.run(() => (signal.aborted ? [] : take(queue, max, visibilityMs)));
          if (taken.length > 0) return taken;
        }
        const leftMs = until - performance.now();
        if (leftMs <= 0) break;
        await receivers.wait(queue, Math.max(1, Math.min(leftMs, dueMs)), signal);
      }
      return [];
    },

    async deadLetters(queue) {
      const rows = await whileBusy(() => sql.deadLetters.all({ queue }));
      return rows.map(
        (row): DeadLetter => ({
          id: String(row.id),
          body: row.body as string,
          attempt: row.attempt as number,
          reason: row.reason as string,
          diedAt: new Date(row.died_at as number),
        }),
      );
    },

    async redrive(queue, ids) {
      const wanted = ids?.filter((id) => /^\d{1,15}$/.test(id)).map(Number);
      // Those that are dead now: what dies again in the meantime stays.
      const last = (await whileBusy(() => sql.lastDeadId.get({ queue })))!.id as number | null;
      let count = 0;
      for (let seen = REDRIVE_BATCH; last !== null && seen === REDRIVE_BATCH; ) {
        const named = wanted?.splice(0, REDRIVE_BATCH);
        const letters = await transactions.run(() => {
          const batch =
            named ?? sql.deadIds.all({ queue, last, max: REDRIVE_BATCH }).map(({ id }) => Number(id));
          seen = batch.length;
          return batch.map((id) => revive(queue, id));
        });
        count += letters.filter(Boolean).length;
      }
      receivers.notify(queue);
      return count;
    },

    async depth(queue) {
      // Who asks whether the queue is there must not be told so by one that takes nothing.
      log.requireTrusted();
      const row = (await whileBusy(() => sql.depth.get({ queue, now: Date.now() })))!;
      const inFlight = Number(row.inFlight);
      return { waiting: Number(row.total) - inFlight, inFlight, dead: Number(row.dead) };
    },

    async close() {
      if (closed) return;
      closed = true;
      receivers.close();
      await transactions.close();
      log.close();
      database.close();
    },
  };
}

/** The column holds whole milliseconds; null is at once. */
const later = (now: number, ms: number): number | null => (ms > 0 ? now + Math.ceil(ms) : null);

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../../core/fault.ts';
import { BLOCKING_WAIT_MS, whileBusy } from './busy.ts';
import { sqliteFault } from './sqlite-fault.ts';

/**
 * The steps from one version of the schema to the next; `user_version` counts those that were done.
 *
 * A message is ready when `visible_at` is null, and else hidden until then: in a consumer's hands (`held`) or
 * delayed. `attempt` names the holder too: it counts up with every receive, and ids are never used again. Indexes
 * are partial, so that what is hidden costs a receive nothing, however much there is.
 */
const migrations = [
  `CREATE TABLE message (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     queue TEXT NOT NULL,
     lane TEXT NOT NULL,
     turn INTEGER NOT NULL,
     visible_at INTEGER,
     held INTEGER NOT NULL DEFAULT 0,
     attempt INTEGER NOT NULL DEFAULT 0,
     sent_at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX message_ready ON message (queue, turn) WHERE visible_at IS NULL;
   CREATE INDEX message_hidden ON message (queue, visible_at, held) WHERE visible_at IS NOT NULL;
   CREATE INDEX message_lane ON message (queue, lane, turn);
   CREATE TABLE dead_letter (
     id INTEGER PRIMARY KEY,
     queue TEXT NOT NULL,
     lane TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     reason TEXT NOT NULL,
     died_at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX dead_letter_queue ON dead_letter (queue, id);`,
];

/** Bytes to which the write-ahead log is cut after a checkpoint. */
const WAL_BYTES = 16 * 1024 * 1024;
/** Pages of 4 KiB after which the write-ahead log is copied into the database. */
const CHECKPOINT_PAGES = 1_000;

/**
 * Opens the database, made with its folder when missing. Throws `queue-down` for a file that is no database, is
 * damaged, or was written by a newer program; `store-full`.
 */
export async function openDatabase(file: string): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined;
  try {
    // Resolved: to SQLite, an empty name and `:memory:` mean databases that are gone when it closes.
    const path = resolve(file);
    makeFolder(dirname(path));
    const opened = new DatabaseSync(path, { timeout: BLOCKING_WAIT_MS });
    database = opened;
    // NORMAL: a commit writes the log and does not wait for the disk (sqlite.org/pragma.html#pragma_synchronous);
    // the log is synced by its own descriptor, off the event loop. A checkpoint syncs what it copies by itself.
    await whileBusy(() =>
      opened.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
        PRAGMA journal_size_limit = ${WAL_BYTES}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`),
    );
    await whileBusy(() => migrate(opened));
    return opened;
  } catch (thrown) {
    database?.close();
    const { code, detail, cause } = sqliteFault(thrown);
    throw new Fault(code, `${file}: ${detail ?? (cause as Error).message}`, { cause });
  }
}

function migrate(database: DatabaseSync): void {
  const version = () => Number(database.prepare('PRAGMA user_version').get()!.user_version);
  if (version() > migrations.length) {
    throw new Fault(
      'queue-down',
      `it has version ${version()} of the queue's schema, and this program knows ${migrations.length}`,
    );
  }
  if (version() === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    // Asked again: another process may have done it while this one waited for the lock.
    for (const step of migrations.slice(version())) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (thrown) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}

/** The folder and those above it, and their names on the disk: SQLite sees to that of its files only. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  makeFolder(parent);
  mkdirSync(folder, { recursive: true });
  const handle = openSync(parent, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

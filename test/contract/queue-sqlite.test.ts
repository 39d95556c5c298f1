import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteQueue } from '../../adapters/queue/sqlite/queue.ts';
import { sqliteFault } from '../../adapters/queue/sqlite/sqlite-fault.ts';
import type { Queue } from '../../core/ports/queue.ts';
import { queueContract } from './queue-contract.ts';

queueContract(
  'sqlite',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'queue-contract-'));
    return {
      open: () => openSqliteQueue({ file: join(folder, 'new', 'folder', 'queue.db') }),
      remove: async () => rmSync(folder, { recursive: true }),
    };
  },
  100,
);

const never = new AbortController().signal;
const LONG = 120_000;

let folder: string;
let file: string;
const opened: Queue[] = [];
const open = async (): Promise<Queue> => {
  const queue = await openSqliteQueue({ file });
  opened.push(queue);
  return queue;
};
const numbered = (count: number, group: string) =>
  Array.from({ length: count }, (_, index) => ({ body: `${group}-${index}`, group }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'queue-sqlite-'));
  file = join(folder, 'queue.db');
});
afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close();
  rmSync(folder, { recursive: true });
});

describe('groups take turns', () => {
  const firstOf = async (queue: Queue, max: number) => {
    const got = await queue.receive('q', { max, waitMs: 0, visibilityMs: LONG }, never);
    return got;
  };

  test('a group with thousands waiting lets another one in', async () => {
    const queue = await open();
    await queue.send('q', numbered(3_000, 'big'));
    await Promise.all((await firstOf(queue, 100)).map((delivery) => delivery.ack()));
    await queue.send('q', numbered(3, 'small'));
    const bodies = (await firstOf(queue, 8)).map(({ body }) => body);
    expect(bodies.filter((body) => body.startsWith('small'))).toHaveLength(3);
  });

  test('a group whose messages all come back does not keep others from their turn', async () => {
    const queue = await open();
    await queue.send('q', numbered(20, 'failing'));
    for (let round = 0; round < 10; round += 1) {
      await Promise.all((await firstOf(queue, 10)).map((delivery) => delivery.release(0)));
    }
    await queue.send('q', numbered(1, 'good'));
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const got = await firstOf(queue, 10);
      seen.push(...got.map(({ body }) => body));
      await Promise.all(got.map((delivery) => delivery.release(0)));
    }
    expect(seen).toContain('good-0');
  });

  test('a message that is retried over and over does not put its group at the end', async () => {
    const queue = await open();
    await queue.send('q', numbered(1, 'held'));
    for (let round = 0; round < 200; round += 1) await (await firstOf(queue, 1))[0]!.release(0);
    await queue.send('q', numbered(100, 'steady'));
    await queue.send('q', [{ body: 'new', group: 'held' }]);
    expect((await firstOf(queue, 5)).map(({ body }) => body)).toContain('new');
  });
});

describe('the file', () => {
  test('a file that is no database is queue-down, with the cause', async () => {
    writeFileSync(file, 'this is no database, and long enough to be looked at as one '.repeat(20));
    const refused = open();
    await expect(refused).rejects.toMatchObject({ code: 'queue-down', cause: { code: 'ERR_SQLITE_ERROR' } });
    await expect(refused).rejects.toThrow(/queue\.db: file is not a database/);
  });

  test('a name that means no file to SQLite is a file all the same, or refused', async () => {
    await expect(openSqliteQueue({ file: '' })).rejects.toMatchObject({ code: 'queue-down' });
    const before = process.cwd();
    process.chdir(folder);
    try {
      await (await openSqliteQueue({ file: ':memory:' })).close();
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(folder, ':memory:'))).toBe(true);
  });

  test('a folder that cannot be made is queue-down', async () => {
    writeFileSync(file, '');
    const below = openSqliteQueue({ file: join(file, 'below', 'queue.db') });
    await expect(below).rejects.toMatchObject({ code: 'queue-down' });
  });

  test('a schema of a newer program is refused in words', async () => {
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(open()).rejects.toThrow(/queue\.db: it has version 99 .* this program knows 1/);
  });

  test('several processes may make it at once', async () => {
    const queues = await Promise.all([open(), open(), open(), open()]);
    await Promise.all(queues.map((queue) => queue.send('q', [{ body: 'x' }])));
    expect((await queues[0]!.depth('q')).waiting).toBe(4);
  });

  test('a damaged page is queue-down', async () => {
    const queue = await open();
    await queue.send('q', numbered(2_000, 'x'));
    await queue.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 8_192));
    const again = await open();
    const receiving = again.receive('q', { max: 1, waitMs: 0, visibilityMs: LONG }, never);
    await expect(receiving).rejects.toMatchObject({ code: 'queue-down' });
  });

  test('a full disk is store-full, all else queue-down', () => {
    const database = new DatabaseSync(':memory:');
    database.exec('PRAGMA max_page_count = 2; CREATE TABLE t (x)');
    const thrownBy = (sql: string): unknown => {
      try {
        return database.exec(sql);
      } catch (thrown) {
        return thrown;
      }
    };
    expect(sqliteFault(thrownBy('INSERT INTO t VALUES (zeroblob(100000))')).code).toBe('store-full');
    expect(sqliteFault(thrownBy('SELECT nothing')).code).toBe('queue-down');
    database.close();
  });

  test('the write-ahead log stays small', async () => {
    const queue = await open();
    for (let round = 0; round < 100; round += 1) {
      await queue.send(
        'q',
        Array.from({ length: 100 }, () => ({ body: 'x'.repeat(4_000) })),
      );
      const got = await queue.receive('q', { max: 100, waitMs: 0, visibilityMs: LONG }, never);
      await Promise.all(got.map((delivery) => delivery.ack()));
    }
    expect(statSync(`${file}-wal`).size).toBeLessThan(17 * 1024 * 1024);
    expect(statSync(file).size).toBeLessThan(8 * 1024 * 1024);
  });

  test('while another process holds the lock, a send waits and the event loop does not', async () => {
    const queue = await open();
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    let sent = false;
    const sending = queue.send('q', [{ body: 'x' }]).then(() => {
      sent = true;
    });
    // Blocked, it would turn once, when the send has given up.
    for (let turns = 0; turns < 50; turns += 1) await sleep(5);
    expect(sent).toBe(false);
    other.exec('ROLLBACK');
    other.close();
    await sending;
    expect((await queue.depth('q')).waiting).toBe(1);
  });

  test('an error fails all that shared the transaction, and none of it is there', async () => {
    const queue = await open();
    const other = new DatabaseSync(file);
    other.exec(`CREATE TRIGGER no BEFORE INSERT ON message WHEN new.body = 'bad'
      BEGIN SELECT raise(ABORT, 'no'); END`);
    const sends = await Promise.allSettled(['a', 'bad', 'c'].map((body) => queue.send('q', [{ body }])));
    expect(sends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await queue.depth('q')).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    other.exec('DROP TRIGGER no');
    other.close();
    await queue.send('q', [{ body: 'd' }]);
    expect((await queue.depth('q')).waiting).toBe(1);
  });
});

test('what dies again while dead letters are put back stays dead: it ends', async () => {
  const queue = await open();
  const takeAll = () => queue.receive('q', { max: 500, waitMs: 0, visibilityMs: LONG }, never);
  await queue.send('q', numbered(250, 'x'));
  await Promise.all((await takeAll()).map((delivery) => delivery.bury('bad')));
  let isOver = false;
  const burying = (async () => {
    while (!isOver) {
      await Promise.all((await takeAll()).map((delivery) => delivery.bury('bad again')));
      await sleep(1);
    }
  })();
  expect(await queue.redrive('q')).toBe(250);
  isOver = true;
  await burying;
});

describe('processes that are killed', () => {
  const start = (role: 'send' | 'consume', log: string) =>
    spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(import.meta.dirname, 'queue-sqlite-process.ts'),
        role,
        file,
        log,
      ],
      { stdio: 'inherit' },
    );
  const lines = (log: string): string[] =>
    existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
  const kill = async (child: ReturnType<typeof start>): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(5);
  };

  test('nothing sent is lost, nothing acknowledged comes back', async () => {
    const queue = await open();
    const logs = Array.from({ length: 8 }, (_, index) => join(folder, `log-${index}`));
    for (const pair of [0, 2, 4, 6]) {
      const children = [start('send', logs[pair]!), start('consume', logs[pair + 1]!)];
      await until(() => lines(logs[pair]!).length > 50 && lines(logs[pair + 1]!).length > 40);
      await Promise.all(children.map(kill));
    }
    const logged = (what: string) =>
      new Set(
        logs
          .flatMap(lines)
          .filter((line) => line.startsWith(`${what} `))
          .map((line) => line.slice(what.length + 1)),
      );
    const [sent, acking, acked] = [logged('sent'), logged('acking'), logged('acked')];

    const left = new Set<string>();
    for (;;) {
      const got = await queue.receive('q', { max: 100, waitMs: 500, visibilityMs: LONG }, never);
      for (const { body } of got) left.add(body);
      await Promise.all(got.map((delivery) => delivery.ack()));
      const { waiting, inFlight } = await queue.depth('q');
      if (waiting + inFlight === 0) break;
    }
    expect(sent.size).toBeGreaterThan(200);
    expect(acked.size).toBeGreaterThan(20);
    expect([...sent].filter((body) => !left.has(body) && !acking.has(body))).toEqual([]);
    expect([...acked].filter((body) => left.has(body))).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { openSqliteQueue } from '../../adapters/queue/sqlite/queue.ts';

/** A process to be killed: sends or consumes without end, and writes down what it does as it does it. */
const [role, file, logFile] = process.argv.slice(2) as ['send' | 'consume', string, string];
const log = openSync(logFile, 'a');
const write = (line: string) => writeSync(log, `${line}\n`);
const queue = await openSqliteQueue({ file });

const roles = {
  async send() {
    const body = randomUUID();
    await queue.send('q', [{ body }]);
    write(`sent ${body}`);
  },
  async consume() {
    // Longer than a busy machine stands still: what is late to be acknowledged comes again, and may.
    const receive = { max: 5, waitMs: 1_000, visibilityMs: 10_000 };
    for (const delivery of await queue.receive('q', receive, new AbortController().signal)) {
      write(`acking ${delivery.body}`);
      await delivery.ack();
      write(`acked ${delivery.body}`);
    }
  },
};
for (;;) await Promise.all([roles[role](), roles[role](), roles[role]()]);

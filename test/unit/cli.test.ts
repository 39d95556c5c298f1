import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteQueue } from '../../adapters/queue/sqlite/queue.ts';
import { openDiskStore } from '../../adapters/store/disk/store.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { decodeEvent, encodeEvent, stageEvent } from '../../core/event.ts';
import { createLedger } from '../../core/ledger.ts';
import { verifyPassword } from '../../core/password.ts';
import { anArrival } from '../support/an-arrival.ts';

/** The command line as a child process, on a data folder of its own. */
describe('the command line', { timeout: 60_000 }, () => {
  let data: string;
  const arrival = anArrival({ path: '/in/\u001b[2J\u009b2Jpo.x12', receivedAt: new Date().toISOString() });
  const swept = anArrival({
    key: 'files/acme/in/gone',
    path: '/in/gone',
    id: newArrivalId(Date.now() - 86_400_000),
  });

  const run = (args: string[], input = '', env: Record<string, string> = {}) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', 'services/cli/main.ts', ...args],
        {
          cwd: join(import.meta.dirname, '../..'),
          env: { PATH: process.env.PATH, LANDFALL_DATA: data, ...env },
        },
      );
      let [out, err] = ['', ''];
      child.stdout.on('data', (text) => {
        out += text;
      });
      child.stderr.on('data', (text) => {
        err += text;
      });
      child.on('close', (code) => resolve({ code, out, err }));
      child.stdin.end(input);
    });
  const json = async (args: string[]) => {
    const { out, code, err } = await run([...args, '--json']);
    expect([code, err]).toEqual([0, '']);
    // A person may look at it on a terminal, too.
    expect(out).toMatch(/^[\n\x20-\x7e]*$/);
    return out
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };
  const withQueue = async <Result>(
    use: (queue: Awaited<ReturnType<typeof openSqliteQueue>>) => Promise<Result>,
  ) => {
    const queue = await openSqliteQueue({ file: join(data, 'queue.db') });
    return use(queue).finally(() => queue.close());
  };
  const receive = () =>
    withQueue((queue) =>
      queue.receive('validate', { max: 10, waitMs: 0, visibilityMs: 60_000 }, new AbortController().signal),
    );

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'cli-'));
    const store = await openDiskStore({ root: join(data, 'store') });
    const ledger = createLedger(store);
    await store.folders.make('files/acme/in');
    const upload = await store.uploads.begin(arrival.key, arrival.id);
    await upload.write(Buffer.from('hello'));
    await upload.seal();
    await upload.publish();
    // As quarantine does: the name is gone, the arrival is still found.
    await store.objects.rename(arrival.key, `quarantine/${arrival.id}/po.x12`);
    for (const one of [arrival, swept]) await ledger.received(one);
    await ledger.finish({
      arrival: arrival.id,
      run: 1,
      stage: 'scan',
      result: 'quarantined',
      at: new Date().toISOString(),
      tookMs: 4.2,
      reasons: [{ code: 'virus', message: 'found \u001b]0;x\u0007Eicar' }],
      details: { place: 'quarantine/x', errors: 9 },
      next: [],
    });
    await store.close();
    await withQueue(async (queue) => {
      await queue.send('validate', [
        { body: encodeEvent(stageEvent('validate', arrival)) },
        { body: 'no event' },
      ]);
      const letters = await queue.receive(
        'validate',
        { max: 2, waitMs: 1_000, visibilityMs: 60_000 },
        new AbortController().signal,
      );
      for (const letter of letters) await letter.bury('no\u001b[31m more');
    });
  });
  afterAll(() => rm(data, { recursive: true, force: true }));

  test('the help has the commands and the settings', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('arrivals rerun ID');
    expect(out).toContain('LANDFALL_FTP_PORT=2121');
  });

  test.each([
    [['nope'], /no command "nope"/],
    [['arrivals'], /there is arrivals list, arrivals show, arrivals rerun/],
    [['arrivals', 'show'], /use: arrivals show ID/],
    [['queues', 'much'], /"much" means nothing here.*\nuse: queues/],
    [['arrivals', 'list', '--colour', 'red'], /^Unknown option '--colour'\nuse: arrivals list/],
    [['arrivals', 'list', '--result', 'lost'], /--result is one of stored, received, /],
    [['arrivals', 'list', '--limit', '0'], /--limit/],
    [['arrivals', 'list', '--since', 'yesterday'], /--since/],
    [['dead', 'list', '--queue', 'nope'], /no queue "nope"; there are validate, scan, route, deliver/],
  ])('%j is not understood: exit code 2', async (args, said) => {
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(said);
    expect(err).not.toMatch(/ {4}at /);
  });

  test('a wrong setting: exit code 2 and its name', async () => {
    const { code, err } = await run(['queues'], '', { LANDFALL_FTP_PROT: '1' });
    expect(code).toBe(2);
    expect(err).toMatch(/LANDFALL_FTP_PROT: there is no such setting/);
  });

  test('arrivals are listed newest first, by what is asked for, in safe text', async () => {
    const rows = await json(['arrivals', 'list']);
    expect(rows.map(({ id, state }) => [id, state])).toEqual([
      [arrival.id, 'quarantined'],
      [swept.id, 'received'],
    ]);
    expect(rows[0].path).toBe(arrival.path);
    expect(await json(['arrivals', 'list', '--limit', '1'])).toHaveLength(1);
    expect((await run(['arrivals', 'list', '--limit', '1'])).out).toMatch(/There are more than these 1: /);
    expect((await run(['arrivals', 'list', '--limit', '2'])).out).not.toMatch(/There are more/);
    expect(await json(['arrivals', 'list', '--result', 'received'])).toMatchObject([{ id: swept.id }]);
    expect(await json(['arrivals', 'list', '--partner', 'other'])).toEqual([]);
    expect(await json(['arrivals', 'list', '--since', new Date().toISOString().slice(0, 10)])).toHaveLength(
      1,
    );
    const { out } = await run(['arrivals', 'list']);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('/in/\\u{1b}[2J\\u{9b}2Jpo.x12');
  });

  test('one is shown by the beginning of its id, or its end, which names of reports have', async () => {
    const { code, out } = await run(['arrivals', 'show', swept.id.slice(0, 13)]);
    expect(code).toBe(0);
    expect(out).toContain(swept.id);
    expect((await run(['arrivals', 'show', swept.id.slice(-12)])).out).toContain(swept.id);
    const shown = await run(['arrivals', 'show', arrival.id]);
    expect(shown.out).toMatch(
      /scan: quarantined in 4 ms {2}quarantine\/x\n {4}virus: found \\u\{1b\}\]0;x\\u\{7\}Eicar\n {4}and 8 more\n/,
    );
    expect((await run(['arrivals', 'show', '01'])).err).toMatch(/^2 arrivals have an id like 01: /);
    expect(await run(['arrivals', 'show', 'ffff'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^no arrival of the last 14 days has an id like ffff/),
    });
  });

  test('dead letters are listed and put back', async () => {
    expect(await json(['dead', 'list'])).toHaveLength(2);
    const { out } = await run(['dead', 'list', '--queue', 'validate']);
    expect(out).toContain('no\\u{1b}[31m more');
    expect(await json(['queues'])).toContainEqual({ queue: 'validate', waiting: 0, inFlight: 0, dead: 2 });
    const [letter] = (await json(['dead', 'list'])).filter((one) => one.arrival === arrival.id);
    expect(await json(['dead', 'redrive', letter.id])).toEqual([{ redriven: 1 }]);
    expect(await run(['dead', 'redrive', 'none'])).toMatchObject({ code: 1, out: 'no dead letter none\n' });
    expect(await json(['dead', 'redrive'])).toEqual([{ redriven: 1 }]);
    expect((await run(['dead', 'redrive'])).out).toBe('no dead letters\n');
    expect(await receive()).toHaveLength(2);
  });

  test('a quarantined one is run again, as the next run; one whose bytes are gone is not', async () => {
    expect(await json(['arrivals', 'rerun', arrival.id])).toEqual([{ arrival: arrival.id, run: 2 }]);
    const [delivery] = await receive();
    expect(decodeEvent(delivery!.body).data.arrival).toEqual({ ...arrival, run: 2 });
    expect(await run(['arrivals', 'rerun', swept.id])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/bytes of this arrival are gone/),
    });
  });

  test('partners are added, once, and listed; a wrong file is told by line', async () => {
    const [added] = await json(['partners', 'add', 'acme', '--user', 'Acme']);
    expect(added).toMatchObject({ name: 'acme', user: 'Acme', file: join(data, 'partners/acme.yaml') });
    expect(added.password.length).toBeGreaterThanOrEqual(20);
    const again = await run(['partners', 'add', 'acme']);
    expect(again).toMatchObject({ code: 1, err: 'there is a partner acme already\n' });
    const outside = await run(['partners', 'add', '../up']);
    expect(outside).toMatchObject({ code: 1, err: expect.stringMatching(/^name: lower-case/) });
    expect(await json(['partners', 'list'])).toMatchObject([{ name: 'acme', logins: ['Acme'] }]);
    expect((await run(['partners', 'check'])).code).toBe(0);
    await writeFile(join(data, 'partners/bad.yaml'), 'name: BAD\n');
    const checked = await run(['partners', 'check']);
    expect(checked.code).toBe(1);
    expect(checked.out).toMatch(/bad\.yaml:1:7: name: .*\n.*bad\.yaml:1:1: logins: is missing/);
    await rm(join(data, 'partners/bad.yaml'));
  });

  test('a password is hashed from standard input', async () => {
    const { out } = await run(['partners', 'hash'], 'se cret\n');
    expect(await verifyPassword('se cret', out.trimEnd())).toBe(true);
    expect((await run(['partners', 'hash'], '')).code).toBe(2);
  });

  test('sweeps', async () => {
    expect(await json(['sweep'])).toEqual([{ uploads: 0, unnamed: 0 }]);
  });
});

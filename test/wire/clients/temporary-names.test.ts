import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Invocation, Server } from './client.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { type MadeFile, makeFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';
import { LFTP, lftp, quoted } from './rows/lftp.ts';
import { ncftpput } from './rows/ncftp.ts';
import { startWireTap } from './wire-tap.ts';

/** How it uploads, and the name that it gives the file until all of it is there. */
const rows: [string, string, (server: Server, from: string, to: string) => Invocation][] = [
  [
    'lftp xfer:use-temp-file',
    '.in.*',
    (server, from, to) => lftp(server, 'set xfer:use-temp-file yes', `put ${quoted(from)} -o ${quoted(to)}`),
  ],
  [
    'lftp xfer:temp-file-name',
    '*.part',
    (server, from, to) =>
      lftp(
        server,
        'set xfer:use-temp-file yes',
        'set xfer:temp-file-name *.part',
        `put ${quoted(from)} -o ${quoted(to)}`,
      ),
  ],
  ['ncftpput -T', '.in.*', (server, from, to) => ncftpput(server, ['-T', '.in.', '-C'], from, to)],
  ['ncftpput -S', '*.tmp', (server, from, to) => ncftpput(server, ['-S', '.tmp', '-C'], from, to)],
  [
    'curl and its -Q',
    '*.filepart',
    (server, from, to) => {
      const upload = CURL.upload!(server, from, `${to}.filepart`);
      return {
        ...upload,
        args: [...upload.args, '--quote', `-RNFR ${to}.filepart`, '--quote', `-RNTO ${to}`],
      };
    },
  ],
];

describe('a file with a temporary name is announced when it gets its final one', () => {
  let lab: ClientLab;
  let file: MadeFile;
  beforeAll(async () => {
    lab = await startClientLab();
    file = await makeFile(lab.folder, 'file', 3_000_000);
  });
  afterAll(() => lab.stop());

  test.each(rows)('%s', async (client, pattern, upload) => {
    const name = `po of ${client}`;
    const tap = await startWireTap(lab.server);
    await lab.run(upload(tap.server, file.path, `/in/${name}`));
    tap.close();
    const temporary = pattern.replace('*', name);
    const steps = tap.said.filter((line) => /^(STOR|RNFR|RNTO)/.test(line));
    expect(steps.map((line) => `${line.slice(0, 4)} ${basename(line.slice(5))}`)).toEqual([
      `STOR ${temporary}`,
      `RNFR ${temporary}`,
      `RNTO ${name}`,
    ]);
    expect(await lab.sha256(LFTP, lab.server, `/in/${name}`)).toBe(file.sha256);
    expect(await lab.names('/in')).not.toContain(temporary);
  });

  test('and not before: one that keeps its temporary name never is', async () => {
    await lab.run(CURL.upload!(lab.server, file.path, '/in/.in.for ever'));
    await lab.run(CURL.upload!(lab.server, file.path, '/in/last'));
    const wanted = [...rows.map(([client]) => `/in/po of ${client}`), '/in/last'];
    const arrivals = await lab.arrivals((done) =>
      wanted.every((path) => done.some((one) => one.path === path && one.state === 'kept')),
    );
    const states = (path: string): string[] =>
      arrivals.filter((one) => one.path === path).map(({ state }) => state);
    expect(arrivals.length).toBe(wanted.length + 1);
    for (const path of wanted) expect([path, ...states(path)]).toEqual([path, 'kept']);
    expect(states('/in/.in.for ever')).toEqual(['stored']);
  });
});

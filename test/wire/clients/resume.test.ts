import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, Invocation, Server } from './client.ts';
import { type ClientLab, startClientLab } from './client-lab.ts';
import { clientsThat } from './clients.ts';
import { type MadeFile, makeFile, sha256OfFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';
import { startWireTap } from './wire-tap.ts';

const MIB = 1024 * 1024;
/** Bytes after which the client is killed: more than two sockets' buffers hold, so that some have been taken. */
const CUT = 12 * MIB;

/** By APPE, or by REST: some go back a little. */
const wentOnFrom = (said: readonly string[], bytes: number): boolean =>
  said.some((line) => {
    const from = /^REST (\d+)$/.exec(line)?.[1];
    return line.startsWith('APPE ') || (Number(from) > 0 && Number(from) <= bytes);
  });

describe('clients that are killed in the middle', () => {
  let lab: ClientLab;
  let file: MadeFile;
  const uploaded: string[] = [];
  beforeAll(async () => {
    lab = await startClientLab();
    file = await makeFile(lab.folder, 'file', 24 * MIB);
    await lab.run(CURL.upload!(lab.server, file.path, '/in/file'));
  });
  afterAll(() => lab.stop());

  const cut = async (direction: 'up' | 'down', begin: (server: Server) => Invocation): Promise<void> => {
    const tap = await startWireTap(lab.server);
    const held = tap.hold(direction, CUT);
    const running = lab.start(begin(tap.server));
    // It ends before it is held only when it fails.
    await Promise.race([held, running.done]);
    running.child.kill('SIGKILL');
    await expect(running.done).rejects.toThrow('SIGKILL');
    tap.release();
  };

  test.each(clientsThat('upload'))('%s up', async (name, client: Client) => {
    const remote = `/in/${name}`;
    await cut('up', (server) => client.upload!(server, file.path, remote));
    const { bytes, reply } = await lab.landfall.line(({ path }) => path === remote);
    expect(reply).toMatch(/^426 /);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(file.size);
    expect(await lab.names('/in')).not.toContain(name);
    // The reply waits for nothing that is still under way: a little less or more may be kept than was logged.
    let kept = 0;
    await expect.poll(async () => (kept = await lab.size(remote).catch(() => 0))).toBeGreaterThan(0);
    expect(kept).toBeLessThan(file.size);

    const tap = await startWireTap(lab.server);
    await lab.run(
      client.uploadRest?.(tap.server, file.path, remote, kept) ??
        client.upload!(tap.server, file.path, remote),
    );
    tap.close();
    uploaded.push(remote);
    expect(wentOnFrom(tap.said, kept)).toBe(client.uploadRest !== undefined);
    expect(await lab.sha256(CURL, lab.server, remote)).toBe(file.sha256);
  });

  test('and nothing is announced but the whole files, once each', async () => {
    await lab.run(CURL.upload!(lab.server, file.path, '/in/last'));
    const wanted = [...uploaded, '/in/file', '/in/last'].map((path) => [path, file.size]).sort();
    const arrivals = await lab.arrivals(
      (done) => done.some(({ path }) => path === '/in/last') && done.length >= wanted.length,
    );
    expect(arrivals.map(({ path, size }) => [path, size]).sort()).toEqual(wanted);
  });

  test.each(clientsThat('download', 'downloadRest'))('%s down', async (name, client) => {
    const into = join(lab.folder, `of-${name}`);
    await cut('down', (server) => client.download(server, '/in/file', into));
    const { size } = await stat(into);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(file.size);

    const tap = await startWireTap(lab.server);
    await lab.run(client.downloadRest(tap.server, '/in/file', into));
    tap.close();
    expect(tap.said).toContain(`REST ${size}`);
    expect(await sha256OfFile(into)).toBe(file.sha256);
  });
});

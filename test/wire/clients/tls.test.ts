import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AddressTap, startAddressTap, UNDER_ADDRESS_TAP } from './address-tap.ts';
import type { Client, Invocation, Server, TlsVersion } from './client.ts';
import { type ClientLab, hasIpv6, startClientLab } from './client-lab.ts';
import { type MadeFile, makeFile, sha256OfFile } from './made-files.ts';
import { CURL } from './rows/curl.ts';
import { explicitRows, secureRows } from './secure-rows.ts';

/** Up, and down again; with curl the way that the client does not know. */
async function move(
  lab: ClientLab,
  [, security, version, client]: (typeof secureRows)[number],
  { path, size, sha256 }: MadeFile,
  how: Partial<Server> = {},
): Promise<void> {
  const server = { ...lab.secure(security, version), ...how };
  // What quoting, escaping and character sets could each spoil.
  const remote = `/in/${client.name} #${size} %25 'caf\u00e9'`;
  const ofCurl: Server = { ...server, data: 'passive' };
  await lab.run(client.upload?.(server, path, remote) ?? CURL.upload!(ofCurl, path, remote));
  const [reader, from] = client.download ? [client, server] : [CURL, ofCurl];
  expect([size, await lab.sha256(reader, from, remote)]).toEqual([size, sha256]);
}

describe.each(['offered', 'required'])('clients under TLS where resumption is %s', (resumption) => {
  let lab: ClientLab;
  let empty: MadeFile;
  let file: MadeFile;
  beforeAll(async () => {
    lab = await startClientLab({ LANDFALL_LOG_LEVEL: 'debug' }, { tls: 'required', resumption });
    empty = await makeFile(lab.folder, 'empty', 0);
    // More than a hundred TLS records, the last one short.
    file = await makeFile(lab.folder, 'file', 1_700_001);
  });
  afterAll(() => lab.stop());

  const rows = secureRows.filter(
    ([, security, version = '1.3', { resumes }]) =>
      resumption === 'offered' || (security === 'explicit' && resumes?.includes(version)),
  );
  test.each(rows)('%s, %s, TLS %s', async (...row) => {
    const [, , version, { cannot }] = row;
    const before = lab.landfall.lines.length;
    if (!cannot?.['empty files under TLS']) await move(lab, row, empty);
    await move(lab, row, file);
    const lines = lab.landfall.lines.slice(before);
    const agreed = new Set(lines.flatMap((line) => (line.version ? [line.version] : [])));
    expect([...agreed]).toEqual([version ? `TLSv${version}` : 'TLSv1.3']);
  });
});

describe('clients under TLS make data connections in every way they know', () => {
  let lab: ClientLab;
  let lab6: ClientLab;
  let tap: AddressTap;
  let file: MadeFile;
  beforeAll(async () => {
    lab = await startClientLab(UNDER_ADDRESS_TAP, { tls: 'required' });
    tap = await startAddressTap(lab);
    lab6 = await startClientLab({}, { tls: 'required' });
    file = await makeFile(lab.folder, 'file', 300_000);
  });
  afterAll(async () => {
    tap.close();
    await lab.stop();
    await lab6.stop();
  });

  const active = explicitRows.flatMap((row) =>
    Object.entries(row[3].cannot?.['active TLS'] ? {} : row[3].active).map(
      ([verb, host]) => [row[0], verb as 'PORT' | 'EPRT', host, row] as const,
    ),
  );
  test.each(active.filter(([, , host]) => host === '127.0.0.1'))(
    '%s by %s',
    async (_name, data, _host, row) => {
      const before = tap.passive;
      await move(lab, row, file, { host: tap.host, data });
      // Whoever cannot do one way has it done by curl.
      expect(tap.passive - before).toBe(row[3].upload && row[3].download ? 0 : 1);
    },
  );

  describe.skipIf(!hasIpv6)('over IPv6', () => {
    test.each(active.filter(([, , host]) => host === '::1'))('%s by %s', (_name, data, host, row) =>
      move(lab6, row, file, { host, data }),
    );
    test.each(explicitRows.filter(([, , , { ipv6 }]) => ipv6))('%s by EPSV', (...row) =>
      move(lab6, row, file, { host: '::1' }),
    );
  });
});

const MIB = 1024 * 1024;
/** As without TLS: more than two sockets' buffers hold. */
const CUT = 12 * MIB;

describe('clients that are killed in the middle under TLS', () => {
  let lab: ClientLab;
  let tap: AddressTap;
  let file: MadeFile;
  const server = (version?: TlsVersion): Server => ({ ...lab.secure('explicit', version), host: tap.host });
  beforeAll(async () => {
    lab = await startClientLab(UNDER_ADDRESS_TAP);
    tap = await startAddressTap(lab);
    file = await makeFile(lab.folder, 'file', 24 * MIB);
    await lab.run(CURL.upload!(server(), file.path, '/in/file'));
  });
  afterAll(async () => {
    tap.close();
    await lab.stop();
  });

  const cut = async (direction: 'up' | 'down', invocation: Invocation): Promise<void> => {
    const held = tap.hold(direction, CUT);
    const running = lab.start(invocation);
    // It ends before it is held only when it fails.
    await Promise.race([held, running.done]);
    running.child.kill('SIGKILL');
    await expect(running.done).rejects.toThrow('SIGKILL');
    tap.release();
  };

  const resuming = (verb: 'uploadRest' | 'downloadRest') =>
    explicitRows.filter(([, , , client]) => client[verb]);

  test.each(resuming('uploadRest'))('%s up', async (name, _security, version, client: Client) => {
    const remote = `/in/${name}`;
    await cut('up', client.upload!(server(version), file.path, remote));
    const { bytes, reply } = await lab.landfall.line(({ path }) => path === remote);
    expect(reply).toMatch(/^426 /);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(file.size);
    // The reply waits for nothing that is still under way: a little less or more may be kept than was logged.
    let kept = 0;
    await expect.poll(async () => (kept = await lab.size(remote).catch(() => 0))).toBeGreaterThan(0);
    expect(kept).toBeLessThan(file.size);

    await lab.run(client.uploadRest!(server(version), file.path, remote, kept));
    expect(await lab.sha256(CURL, server(), remote)).toBe(file.sha256);
  });

  test.each(resuming('downloadRest'))('%s down', async (name, _security, version, client: Client) => {
    const into = join(lab.folder, `of-${name}`);
    await cut('down', client.download!(server(version), '/in/file', into));
    const { size } = await stat(into);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(file.size);

    await lab.run(client.downloadRest!(server(version), '/in/file', into));
    expect(await sha256OfFile(into)).toBe(file.sha256);
  });
});

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Host } from '../../support/network/network.ts';
import type { Fleet } from './fleet.ts';
import type { FrontDoor, TreeClient } from './tree-clients.ts';

// None is empty: over TLS basic-ftp ends such an upload within the handshake, and is refused.
const SIZES = [1, 1_000, 70_000, 300_000, 2_000_000];

export interface Move {
  readonly client: TreeClient;
  readonly host: Host;
  readonly door: FrontDoor;
  /** Of the folder; nobody else's. */
  readonly name: string;
  /** Files. */
  readonly count: number;
}

/** Files go up and come down again, all the same; answers how many transfers that were. */
export async function moveTree(fleet: Fleet, { client, host, door, name, count }: Move): Promise<number> {
  const [sent, back] = [join(fleet.data.path, `sent-${name}`), join(fleet.data.path, `back-${name}`)];
  await Promise.all([mkdir(sent), mkdir(back)]);
  const files = new Map(
    Array.from({ length: count }, (_, number) => {
      return [`${number}.bin`, randomBytes(SIZES[number % SIZES.length]!)] as const;
    }),
  );
  for (const [file, bytes] of files) await writeFile(join(sent, file), bytes);
  const place = { remote: `/tree-${name}`, names: [...files.keys()] };
  const login = ['--user', `${door.user}:${door.password}`, `ftp://${door.host}:${door.port}/`];
  const make = ['--disable', '--silent', '--show-error', '--head', '--quote', `MKD ${place.remote}`];
  await fleet.run(host, { command: 'curl', args: [...make, ...login] }).done;
  await fleet.run(host, client.up(door, { local: sent, ...place })).done;
  await fleet.run(host, client.down(door, { local: back, ...place })).done;
  for (const [file, bytes] of files) {
    const got = await readFile(join(back, file));
    expect(got.equals(bytes), `${client.name}: ${file} of /tree-${name} is the same`).toBe(true);
  }
  return 2 * count;
}

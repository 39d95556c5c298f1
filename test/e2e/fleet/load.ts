import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempts, Kind } from '../crash/attempts.ts';
import type { Fleet } from './fleet.ts';
import { type RetryingClient, retryingClients } from './retrying-clients.ts';

/** Clients that send one file after another, whatever happens. */
export interface Load {
  /** What no partner would put up with: a program that gave up, or was told that it is its own fault. */
  readonly troubles: readonly string[];
  /** Uploads that are through, so far. */
  readonly done: number;
  /** No new file is begun; resolves when the last one is through. */
  end(): Promise<void>;
}

const KINDS: readonly Kind[] = ['large', 'small', 'large', 'tiny', 'large'];

/** `name`: of these files, which no others have. */
export function startLoad(fleet: Fleet, attempts: Attempts, name: string): Load {
  const troubles: string[] = [];
  let isOver = false;
  let done = 0;

  const send = async (client: RetryingClient, tls: boolean, sender: number): Promise<void> => {
    const { clients } = fleet.network;
    const host = clients[sender % clients.length]!;
    for (let number = 0; !isOver; number += 1) {
      const kind = KINDS[(sender + number) % KINDS.length]!;
      const attempt = attempts.make({ name: `${name}-${sender}-${number}-${kind}.dat`, kind });
      const local = join(fleet.data.path, attempt.file.name);
      await writeFile(local, attempt.bytes);
      try {
        const upload = client.upload(fleet.door(tls), local, `/in/${attempt.file.name}`);
        await fleet.run(host, upload).done;
        // By a 226, or, where that was lost, by a SIZE that told the whole file at the next try.
        attempt.acknowledged = true;
        done += 1;
      } catch (thrown) {
        troubles.push(`${client.name}: ${(thrown as Error).message}`);
      }
      await rm(local);
    }
  };

  const all = retryingClients.flatMap((client, index) =>
    [false, true].map((tls, second) => send(client, tls, index * 2 + second)),
  );
  return {
    troubles,
    get done() {
      return done;
    },
    async end() {
      isOver = true;
      await Promise.all(all);
    },
  };
}

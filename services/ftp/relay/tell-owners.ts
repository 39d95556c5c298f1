import type { Socket } from 'node:net';
import { dialOwner } from './dial-owner.ts';
import { ALIVE, encodeReport, type Report } from './records.ts';

/** Bytes of reports that an owner has not taken; it will have given up those connections. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Tells owners what becomes of their connections: to each over one connection, in order. */
export interface TellOwners {
  tell(owner: string, report: Report): void;
  close(): void;
}

export function createTellOwners(secret: string): TellOwners {
  const links = new Map<string, Promise<Socket | undefined>>();

  const open = async (owner: string): Promise<Socket | undefined> => {
    const link = await dialOwner(owner, { kind: 'reports', port: 0, client: '' }, { secret, token: '' });
    if (typeof link === 'string') {
      links.delete(owner);
      return undefined;
    }
    // All that it says is a question whether we are there.
    link.on('data', () => link.write(encodeReport(ALIVE)));
    link.on('end', () => link.destroy());
    link.on('close', () => links.delete(owner));
    if (link.destroyed) links.delete(owner);
    return link;
  };

  return {
    tell(owner, report) {
      const link = links.get(owner) ?? open(owner);
      links.set(owner, link);
      void link.then((socket) => {
        if (!socket) return;
        if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
        else socket.write(encodeReport(report));
      });
    },
    close() {
      for (const link of links.values()) void link.then((socket) => socket?.destroySoon());
    },
  };
}

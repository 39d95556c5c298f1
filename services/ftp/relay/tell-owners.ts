import type { Socket } from 'node:net';
import { dialOwner } from './dial-owner.ts';
import { ALIVE, ALIVE_MS, encodeReport, type Report } from './records.ts';

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
    // It answers nothing; its end is heard so.
    link.resume();
    const alive = setInterval(() => link.write(encodeReport(ALIVE)), ALIVE_MS);
    link.on('end', () => link.destroy());
    const forget = (): void => {
      clearInterval(alive);
      links.delete(owner);
    };
    link.on('close', forget);
    if (link.destroyed) forget();
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

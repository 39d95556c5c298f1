import type { Socket } from 'node:net';
import { dialOwner } from './dial-owner.ts';
import { ALIVE, encodeReport, type Report, type Tiding } from './records.ts';

/** Bytes of reports that an owner has not taken; it will have given up those connections. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Tells an owner of one connection. */
export interface Telling {
  tell(tiding: Tiding): void;
  /** There is nothing more to tell. */
  end(): void;
}

/** Tells owners what becomes of their connections: to each over one link, in order. */
export interface TellOwners {
  begin(owner: string, token: string): Telling;
  /**
   * The owner could not be reached: what its link has on its way comes only with TCP's next repetition, which may be long
   * after it can be reached again. Connections that begin from now on are told of over a new one.
   */
  doubt(owner: string): void;
  close(): void;
}

interface Link {
  readonly socket: Promise<Socket | undefined>;
  /** Connections that are told of over it. */
  told: number;
  isCurrent: boolean;
}

export function createTellOwners(secret: string): TellOwners {
  const links = new Map<string, Link>();

  const drop = (owner: string, link: Link): void => {
    link.isCurrent = false;
    if (links.get(owner) === link) links.delete(owner);
  };

  const closeUnused = ({ told, isCurrent, socket }: Link): void => {
    if (told === 0 && !isCurrent) void socket.then((one) => one?.destroySoon());
  };

  const open = (owner: string): Link => {
    const dialled = dialOwner(owner, { kind: 'reports', port: 0, client: '' }, { secret, token: '' });
    const socket = dialled.then((one) => {
      if (typeof one === 'string') {
        drop(owner, link);
        return undefined;
      }
      // All that it says is a question whether we are there.
      one.on('data', () => one.write(encodeReport(ALIVE)));
      one.on('end', () => one.destroy());
      one.on('close', () => drop(owner, link));
      if (one.destroyed) drop(owner, link);
      return one;
    });
    const link: Link = { socket, told: 0, isCurrent: true };
    links.set(owner, link);
    return link;
  };

  const send = ({ socket }: Link, report: Report): void =>
    void socket.then((one) => {
      if (!one) return;
      if (one.writableLength > MAX_UNSENT_BYTES) one.destroy();
      else one.write(encodeReport(report));
    });

  return {
    begin(owner, token) {
      const link = links.get(owner) ?? open(owner);
      link.told += 1;
      send(link, { tiding: 'began', token });
      return {
        tell: (tiding) => send(link, { tiding, token }),
        end() {
          link.told -= 1;
          closeUnused(link);
        },
      };
    },
    doubt(owner) {
      const link = links.get(owner);
      if (!link) return;
      drop(owner, link);
      closeUnused(link);
    },
    close() {
      for (const [owner, link] of links) {
        drop(owner, link);
        closeUnused(link);
      }
    },
  };
}

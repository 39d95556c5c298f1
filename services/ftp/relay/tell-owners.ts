import type { Socket } from 'node:net';
import { dialOwner } from './dial-owner.ts';
import { ALIVE, encodeReport, NOTED, QUESTION, type Report, type Tiding } from './records.ts';

/** Bytes of reports that an owner has not taken; it will have given up those connections. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Milliseconds for the owner to note that a connection began; then it is told so over another link. */
const NOTED_MS = 1_000;
/** Links that are tried: an owner that has heard nothing gives the connection up. */
const MAX_LINKS = 4;

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
  readonly owner: string;
  readonly socket: Promise<Socket | undefined>;
  /** Connections that are told of over it. */
  told: number;
  /** Told of each `began` that was noted, in order. */
  readonly unnoted: (() => void)[];
}

export function createTellOwners(secret: string): TellOwners {
  const links = new Map<string, Link>();

  /** Of each owner, the link over which it is told of what begins. */
  const isCurrent = (link: Link): boolean => links.get(link.owner) === link;

  const drop = (link: Link): void => {
    if (isCurrent(link)) links.delete(link.owner);
  };

  const closeUnused = (link: Link): void => {
    if (link.told === 0 && !isCurrent(link)) void link.socket.then((one) => one?.destroySoon());
  };

  const open = (owner: string): Link => {
    const dialled = dialOwner(owner, { kind: 'reports', port: 0, client: '' }, { secret, token: '' });
    const socket = dialled.then((one) => {
      if (typeof one === 'string') {
        drop(link);
        return undefined;
      }
      one.on('data', (words) => {
        for (const word of words) {
          if (word === QUESTION[0]) one.write(encodeReport(ALIVE));
          else if (word === NOTED[0]) link.unnoted.shift()?.();
        }
      });
      one.on('end', () => one.destroy());
      one.on('close', () => drop(link));
      if (one.destroyed) drop(link);
      return one;
    });
    const link: Link = { owner, socket, told: 0, unnoted: [] };
    links.set(owner, link);
    return link;
  };

  const send = ({ socket }: Link, report: Report): void =>
    void socket.then((one) => {
      if (!one) return;
      if (one.writableLength > MAX_UNSENT_BYTES) one.destroy();
      else one.write(encodeReport(report));
    });

  const leave = (link: Link): void => {
    link.told -= 1;
    closeUnused(link);
  };

  const doubt = (link: Link): void => {
    drop(link);
    closeUnused(link);
  };

  /** Whether the owner notes in time what is the next `began` on the link. */
  const isNextNoted = (link: Link): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), NOTED_MS).unref();
      link.unnoted.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });

  return {
    begin(owner, token) {
      const said: Tiding[] = ['began'];
      let link: Link | undefined;
      let isNoted = false;
      let hasEnded = false;

      const tellAll = (): Promise<boolean> => {
        const before = link;
        link = links.get(owner) ?? open(owner);
        link.told += 1;
        if (before) leave(before);
        const noted = isNextNoted(link);
        for (const tiding of said) send(link, { tiding, token });
        return noted;
      };

      // It may have ended long before the owner hears that it began.
      const tellUntilNoted = async (): Promise<void> => {
        for (let count = 0; count < MAX_LINKS && !(await tellAll()); count += 1) doubt(link!);
        isNoted = true;
        if (hasEnded) leave(link!);
      };
      void tellUntilNoted();

      return {
        tell(tiding) {
          said.push(tiding);
          send(link!, { tiding, token });
        },
        end() {
          hasEnded = true;
          if (isNoted) leave(link!);
        },
      };
    },
    doubt(owner) {
      const link = links.get(owner);
      if (link) doubt(link);
    },
    close() {
      for (const link of links.values()) doubt(link);
    },
  };
}

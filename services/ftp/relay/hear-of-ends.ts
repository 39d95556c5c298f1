import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Fault } from '../../../core/fault.ts';
import { abortable } from '../data/abortable.ts';
import type { DataConnection, End } from '../data/connection.ts';
import { ASK_MS, NOTED, QUESTION, type Report, SILENT_MS, type Tiding, takeReports } from './records.ts';

/** Milliseconds for a listener that has relayed a connection to say that it is about to tell of it. */
const BEGIN_MS = 5_000;

interface Link {
  readonly socket: Socket;
  /** A later one has a higher number. */
  readonly number: number;
}

interface Heard {
  /** Where its reports come from: the latest, when it was told of again because an earlier one held them up. */
  link: Link | undefined;
  readonly ended: Readonly<Record<End, PromiseWithResolvers<void>>>;
}

/**
 * What the listeners that relay connections to this one say of their ends: that of a connection in which nobody can tell
 * the sender's from that of a listener which was killed.
 */
export interface HearOfEnds {
  /** The connection that came with the token, which is the name of it in reports. */
  connection(socket: Socket, token: string): DataConnection;
  /** Reports come from here until it ends. */
  hear(socket: Socket): void;
}

export function createHearOfEnds(): HearOfEnds {
  const awaited = new Map<string, Heard>();
  let links = 0;

  const lose = ({ ended }: Heard): void => {
    for (const end of Object.values(ended)) {
      end.reject(new Fault('cancelled', 'the data connection was lost'));
    }
  };

  const effects: Record<Tiding, (heard: Heard) => void> = {
    began: () => undefined,
    'client-ended': ({ ended }) => ended.client.resolve(),
    'owner-ended': ({ ended }) => ended.listener.resolve(),
    lost: lose,
    alive: () => undefined,
  };

  const note = (link: Link, { tiding, token }: Report): void => {
    if (tiding === 'began') link.socket.write(NOTED);
    const heard = awaited.get(token);
    if (!heard) return;
    if (!heard.link || heard.link.number < link.number) heard.link = link;
    effects[tiding](heard);
  };

  return {
    connection(socket, token) {
      const heard: Heard = {
        link: undefined,
        ended: { client: Promise.withResolvers(), listener: Promise.withResolvers() },
      };
      for (const { promise } of Object.values(heard.ended)) promise.catch(() => undefined);
      awaited.set(token, heard);
      const begin = setTimeout(() => {
        if (!heard.link) lose(heard);
      }, BEGIN_MS);
      return {
        socket,
        settled: (sender, signal) => abortable(heard.ended[sender].promise, signal),
        forget() {
          clearTimeout(begin);
          if (awaited.get(token) === heard) awaited.delete(token);
        },
      };
    },
    hear(socket) {
      links += 1;
      const link = { socket, number: links };
      let bytes = Buffer.alloc(0);
      const silence = setTimeout(() => socket.destroy(), SILENT_MS);
      const asking = setInterval(() => socket.write(QUESTION), ASK_MS);
      socket.on('data', (chunk: Buffer) => {
        silence.refresh();
        const { reports, rest } = takeReports(Buffer.concat([bytes, chunk]));
        bytes = Buffer.from(rest);
        for (const report of reports) note(link, report);
      });
      socket.resume().on('end', () => socket.destroy());
      socket.on('close', () => {
        clearTimeout(silence);
        clearInterval(asking);
        for (const heard of awaited.values()) if (heard.link === link) lose(heard);
      });
    },
  };
}

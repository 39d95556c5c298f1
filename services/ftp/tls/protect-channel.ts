import type { DataChannel } from '../data/channel.ts';
import type { Session } from '../session.ts';
import type { Direction, Transfer } from '../transfer.ts';
import { type SecuredData, secureData } from './secure-data.ts';

/**
 * Whether the partner's data connections may be private only: where TLS is demanded on them, or where they must resume the
 * session of a control connection that has one.
 */
export function mustBePrivate({ visit, protection }: Session): boolean {
  const rules = visit?.zone.partner.ftp;
  return rules?.tls === 'required' || (protection !== undefined && rules?.resumption === 'required');
}

/** The channel's connection, under TLS where PROT said so. */
export function protectChannel(
  session: Session,
  channel: DataChannel,
  direction: Direction,
  signal: AbortSignal,
): Pick<Transfer, 'connect' | 'settled' | 'closedInTls'> {
  let secured: SecuredData | undefined;
  return {
    async connect() {
      const socket = await channel.connect(signal);
      const { protection } = session;
      if (protection?.data !== 'P') return socket;
      secured = await secureData(socket, { session, protection, receives: direction === 'upload', signal });
      return secured.stream;
    },
    async settled() {
      // A close_notify is the client's own word, which nobody between can say, and a client may be gone right behind it.
      if (direction === 'upload' && secured?.isClosedInOrder()) return;
      await channel.settled(direction === 'upload' ? 'client' : 'listener', signal);
    },
    closedInTls: () => secured?.isClosedInOrder(),
  };
}

import type { Socket } from 'node:net';
import { plainAddress } from '../../core/addresses.ts';

export interface Ends {
  readonly client: string;
  /** The address that the client dialled. */
  readonly local: string;
}

/** Both ends of the connection, or undefined when it is gone already. */
export function endsOf(socket: Socket): Ends | undefined {
  const { remoteAddress, localAddress } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  return { client: plainAddress(remoteAddress), local: plainAddress(localAddress) };
}

import { isIPv6, type Socket, SocketAddress } from 'node:net';
import { plainAddress } from '../../core/addresses.ts';

export interface Ends {
  readonly client: string;
  /** The address and the port that the client dialled. */
  readonly local: string;
  readonly port: number;
  /** The address of this end; another than `local` where a proxy is between. */
  readonly own: string;
}

/** Both ends of the connection, or undefined when it is gone already. */
export function endsOf(socket: Socket): Ends | undefined {
  const { remoteAddress, localAddress, localPort } = socket;
  if (remoteAddress === undefined || localAddress === undefined || localPort === undefined) return undefined;
  const own = plainAddress(localAddress);
  return { client: plainAddress(remoteAddress), local: own, port: localPort, own };
}

/** In the form that a socket's own address has, so that the two can be compared. */
export const asSocketsSay = (address: string): string =>
  plainAddress(new SocketAddress({ address, family: isIPv6(address) ? 'ipv6' : 'ipv4' }).address);

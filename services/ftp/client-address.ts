import type { Socket } from 'node:net';

/** `::ffff:192.0.2.1`, as a dual-stack listener sees IPv4 clients, is 192.0.2.1 (RFC 4291 §2.5.5.2). */
export const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

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

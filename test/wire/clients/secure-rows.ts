import type { Client, TlsVersion } from './client.ts';
import { clients } from './clients.ts';

export type SecureRow = readonly [string, 'explicit' | 'implicit', TlsVersion | undefined, Client];

/** Every client that knows AUTH TLS once, with the newest version. */
export const explicitRows: readonly SecureRow[] = clients
  .filter(({ tls }) => tls.explicit)
  .map((client) => [client.name, 'explicit', client.tls.explicit!.at(-1), client]);

/** Every client in every way of TLS, with every version that it can be held to. */
export const secureRows: readonly SecureRow[] = clients.flatMap((client) =>
  Object.entries(client.tls).flatMap(([security, versions]) =>
    (versions.length > 0 ? versions : [undefined]).map(
      (version): SecureRow => [client.name, security as SecureRow[1], version, client],
    ),
  ),
);

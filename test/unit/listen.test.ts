import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listen } from '../../services/listen.ts';

const settings = { address: 'LANDFALL_FTP_ADDRESS', port: 'LANDFALL_FTP_PORT' } as const;

test('a port that is taken is named by its setting', async () => {
  const first = createServer();
  await listen(first, { host: '127.0.0.1', port: 0 }, settings);
  const { port } = first.address() as AddressInfo;
  const there = { host: '127.0.0.1', port };
  await expect(listen(createServer(), there, settings)).rejects.toThrow(
    new RegExp(`^LANDFALL_FTP_PORT: .*EADDRINUSE.*:${port}$`),
  );
  await expect(listen(createServer(), there, { ...settings, must: 'It must be free.' })).rejects.toThrow(
    /^LANDFALL_FTP_PORT: .*\d\. It must be free\.$/,
  );
  first.close();
  await once(first, 'close');
});

test('an address that this machine does not have is named by its own, whatever the port', async () => {
  // RFC 5737: an address for documents.
  const place = { host: '192.0.2.1', port: 0 };
  await expect(listen(createServer(), place, { ...settings, must: 'x' })).rejects.toThrow(
    /^LANDFALL_FTP_ADDRESS: .*EADDRNOTAVAIL.*192\.0\.2\.1(:0)?$/,
  );
});

import { readFileSync } from 'node:fs';
import { FtpSrv } from 'ftp-srv';

/** Usage: ftp-srv-process.ts PORT ROOT CERTIFICATE KEY. Everybody may log in. */
const [port, root, certificate, key] = process.argv.slice(2) as [string, string, string, string];
const server = new FtpSrv({
  url: `ftp://127.0.0.1:${port}`,
  pasv_url: '127.0.0.1',
  // Below the ports that the kernel gives to clients.
  pasv_min: 20_000,
  pasv_max: 30_000,
  tls: { cert: readFileSync(certificate), key: readFileSync(key) },
});
server.on('login', (_, resolve) => resolve({ root }));
await server.listen();
process.once('SIGTERM', () => process.exit());

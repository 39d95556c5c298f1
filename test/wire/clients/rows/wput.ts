import { join } from 'node:path';
import type { Client, Invocation, Server } from '../client.ts';
import { ftpUrl } from './url.ts';

/** Settings of GnuTLS, below the program. */
const NO_TLS_1_3 = join(import.meta.dirname, '../programs/gnutls-without-tls-1.3.conf');

const wput = (server: Server, from: string, to: string, ...args: string[]): Invocation => ({
  command: 'wput',
  args: [
    ...['--tries=1', '--timeout=200', server.security === 'plain' ? '--disable-tls' : '--force-tls'],
    ...(server.data === 'passive' ? [] : ['--port-mode']),
    ...args,
    from,
    ftpUrl(server, to, { login: `${server.user}:${server.password}@` }),
  ],
  env: { GNUTLS_SYSTEM_PRIORITY_FILE: NO_TLS_1_3 },
});

export const WPUT: Client = {
  name: 'wput',
  upload: (server, from, to) => wput(server, from, to, '--binary', '--reupload', '--dont-continue'),
  uploadRest: (server, from, to) => wput(server, from, to, '--binary'),
  ipv6: false,
  active: { PORT: '127.0.0.1' },
  tls: { explicit: ['1.2'] },
  cannot: {
    implicit: 'wput knows AUTH TLS only',
    'TLS 1.3': 'it takes a ticket that comes behind the handshake for the end of the connection',
    resumption: 'it begins a session for each connection',
    download: 'wput only uploads',
    rename: 'wput only uploads',
    remove: 'wput only uploads',
    text: 'where two of its buffers meet wput sends a line end as CR CR LF, or as LF',
  },
};

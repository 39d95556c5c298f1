import type { Client, Invocation, Server } from '../client.ts';
import { ftpUrl } from './url.ts';

const wput = (server: Server, from: string, to: string, ...args: string[]): Invocation => ({
  command: 'wput',
  args: [
    ...['--tries=1', '--disable-tls', '--timeout=200', server.data === 'passive' ? '' : '--port-mode'].filter(
      Boolean,
    ),
    ...args,
    from,
    ftpUrl(server, to, `${server.user}:${server.password}@`),
  ],
});

export const WPUT: Client = {
  name: 'wput',
  upload: (server, from, to) => wput(server, from, to, '--binary', '--reupload', '--dont-continue'),
  uploadRest: (server, from, to) => wput(server, from, to, '--binary'),
  ipv6: false,
  active: { PORT: '127.0.0.1' },
  cannot: {
    download: 'wput only uploads',
    rename: 'wput only uploads',
    remove: 'wput only uploads',
    text: 'where two of its buffers meet wput sends a line end as CR CR LF, or as LF',
  },
};

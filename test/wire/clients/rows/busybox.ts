import type { Client, Invocation, Server } from '../client.ts';

const busybox = (applet: 'ftpget' | 'ftpput', server: Server, ...words: string[]): Invocation => ({
  command: 'busybox',
  args: [
    ...[applet, '-u', server.user, '-p', server.password, '-P', String(server.port)],
    ...[...words.slice(0, -2), server.host, ...words.slice(-2)],
  ],
});

export const BUSYBOX: Client = {
  name: 'busybox',
  upload: (server, from, to) => busybox('ftpput', server, to, from),
  download: (server, from, to) => busybox('ftpget', server, to, from),
  stream: (server, path) => busybox('ftpget', server, '-', path),
  downloadRest: (server, from, to) => busybox('ftpget', server, '-c', to, from),
  ipv6: true,
  active: {},
  tls: {},
  cannot: {
    active: 'busybox is passive only',
    resume: 'ftpput begins anew',
    listings: 'it knows two commands, RETR and STOR',
    TLS: 'busybox knows no TLS for FTP',
  },
};

import { dirname } from 'node:path';
import type { Client, Invocation, Server } from '../client.ts';
import { namesInList, namesInMlsd, namesInNlst } from './names-in.ts';

const ncftp = (program: string, server: Server, flags: string[], ...words: string[]): Invocation => ({
  command: program,
  args: [
    ...['-u', server.user, '-p', server.password, '-P', String(server.port), '-t', '100', '-V'].filter(
      (word) => program !== 'ncftpls' || word !== '-V',
    ),
    server.data === 'passive' ? '-F' : '-E',
    ...flags,
    ...words,
  ],
});

export const ncftpput = (server: Server, flags: string[], ...words: string[]): Invocation =>
  ncftp('ncftpput', server, flags, server.host, ...words);

/** In a URL a path begins at the login's folder: the root has to be asked for. */
const ncftpls = (server: Server, flags: string[], path: string): Invocation =>
  ncftp('ncftpls', server, flags, `ftp://${server.host}/%2F${path.slice(1)}/`);

/** Commands after the login, before a listing: without one it ends with an error. */
const raw = (server: Server, ...commands: string[]): Invocation =>
  ncftpls(server, ['-1', ...commands.flatMap((command) => ['-W', command])], '/in');

export const NCFTP: Client = {
  name: 'ncftp',
  upload: (server, from, to) => ncftpput(server, ['-C'], from, to),
  download: (server, from, to) => ncftp('ncftpget', server, ['-C'], server.host, from, to),
  stream: (server, path) => ncftp('ncftpget', server, ['-c'], server.host, path),
  listings: {
    LIST: { run: (server, folder) => ncftpls(server, ['-l'], folder), names: namesInList },
    NLST: { run: (server, folder) => ncftpls(server, ['-1'], folder), names: namesInNlst },
    MLSD: { run: (server, folder) => ncftpls(server, ['-m'], folder), names: namesInMlsd },
  },
  rename: (server, from, to) => raw(server, `RNFR ${from}`, `RNTO ${to}`),
  remove: (server, path) => raw(server, `DELE ${path}`),
  // With sendfile, which -s turns off, it sends the file from its beginning after REST.
  uploadRest: (server, from, to) => ncftpput(server, ['-z', '-s', '-C'], from, to),
  downloadRest: (server, from, to) => ncftp('ncftpget', server, ['-z', '-C'], server.host, from, to),
  uploadText: (server, from, to) => ncftpput(server, ['-a', '-C'], from, to),
  downloadText: (server, from, to) => ncftp('ncftpget', server, ['-a', '-C'], server.host, from, to),
  // Recursive copies keep the folder's own name.
  mirrorUp: (server, from, to) => ncftpput(server, ['-R', '-m'], dirname(to), from),
  mirrorDown: (server, from, to) => ncftp('ncftpget', server, ['-R', '-T'], server.host, dirname(to), from),
  ipv6: false,
  active: { PORT: '127.0.0.1' },
  tls: {},
  cannot: { IPv6: 'ncftp knows IPv4 only', TLS: 'ncftp knows no TLS' },
  // Its raw commands go through printf, where %s is a crash, and are cut at some hundred bytes.
  garbles: /%|^255 bytes/,
};

import type { Client, Invocation, Server } from '../client.ts';
import { namesInList, namesInMlsd, namesInNlst } from './names-in.ts';

/** The two that descend from BSD's ftp: commands on stdin, an exit code that says nothing, replies that do. */
const quoted = (word: string): string => `"${word}"`;

const bsdFtp = (program: string, server: Server, says: RegExp, ...commands: string[]): Invocation => ({
  command: program,
  args: ['-n', '-i', '-v', '-g', server.data === 'passive' ? '-p' : '-A', server.host, String(server.port)],
  input: [
    `user ${server.user} ${server.password}`,
    'binary',
    // tnftp asks by EPRT and EPSV over IPv4 too, unless it is told not to.
    ...(program === 'tnftp' && server.data === 'PORT' ? ['epsv4 off'] : []),
    ...commands,
    'bye',
    '',
  ].join('\n'),
  says,
});

const DONE = /^226 /m;

function rowsOf(program: string) {
  const pair =
    (command: string, before: string[] = []) =>
    (server: Server, from: string, to: string) =>
      bsdFtp(program, server, DONE, ...before, `${command} ${quoted(from)} ${quoted(to)}`);
  const listing = (command: string, names: (output: string) => string[]) => ({
    run: (server: Server, folder: string, outputFile: string): Invocation => ({
      ...bsdFtp(program, server, DONE, `${command} ${quoted(folder)} ${quoted(outputFile)}`),
      outputFile,
    }),
    names,
  });
  return {
    name: program,
    upload: pair('put'),
    download: pair('get'),
    listings: {
      LIST: listing('dir', namesInList),
      NLST: listing('nlist', namesInNlst),
    },
    rename: (server, from, to) => bsdFtp(program, server, /^250 /m, `rename ${quoted(from)} ${quoted(to)}`),
    remove: (server, path) => bsdFtp(program, server, /^250 /m, `delete ${quoted(path)}`),
    uploadRest: (server, from, to, at) =>
      bsdFtp(program, server, DONE, `restart ${at}`, `put ${quoted(from)} ${quoted(to)}`),
    downloadRest: pair('reget'),
    uploadText: pair('put', ['ascii']),
    downloadText: pair('get', ['ascii']),
    // Nothing escapes a quotation mark.
    garbles: /"/,
    ipv6: true,
    active: { PORT: '127.0.0.1', EPRT: '::1' },
    tls: {},
    cannot: {
      mirror: 'it knows no folders within folders',
      stream: 'stdout is for what it says',
      TLS: 'it knows TLS nowhere (inetutils) or for HTTPS only (tnftp)',
    },
  } as const satisfies Client;
}

const tnftp = rowsOf('tnftp');

export const TNFTP: Client = {
  ...tnftp,
  active: { PORT: '127.0.0.1', EPRT: '127.0.0.1' },
  listings: {
    ...tnftp.listings,
    MLSD: {
      run: (server, folder) => bsdFtp('tnftp', server, DONE, `mlsd ${quoted(folder)}`),
      names: namesInMlsd,
    },
  },
};

export const INETUTILS_FTP: Client = rowsOf('inetutils-ftp');

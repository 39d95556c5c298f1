import type { Client, Invocation, Server } from '../client.ts';
import { namesInList, namesInNlst } from './names-in.ts';
import { hostInUrl } from './url.ts';

export const quoted = (word: string): string => `"${word.replace(/["\\]/g, '\\$&')}"`;

const tls = ({ security, tls: version, trusted }: Server): string[] =>
  security === 'plain'
    ? ['set ftp:ssl-allow no']
    : [
        'set ftp:ssl-force yes',
        'set ftp:ssl-protect-data yes',
        `set ssl:ca-file ${trusted}`,
        ...(version ? [`set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS${version}`] : []),
      ];

/** Commands in lftp's own language. */
export const lftp = (server: Server, ...commands: string[]): Invocation => ({
  command: 'lftp',
  args: [
    '--norc',
    '-c',
    [
      'set cmd:fail-exit yes',
      ...tls(server),
      'set net:max-retries 2',
      'set net:timeout 100',
      `set ftp:passive-mode ${server.data === 'passive'}`,
      `open -u ${server.user},${server.password} ${server.security === 'implicit' ? 'ftps' : 'ftp'}://${hostInUrl(server)}:${server.port}`,
      ...commands,
    ].join('\n'),
  ],
});

export const LFTP: Client = {
  name: 'lftp',
  upload: (server, from, to) => lftp(server, `put ${quoted(from)} -o ${quoted(to)}`),
  download: (server, from, to) => lftp(server, `get ${quoted(from)} -o ${quoted(to)}`),
  stream: (server, path) => lftp(server, `cat ${quoted(path)}`),
  listings: {
    LIST: { run: (server, folder) => lftp(server, `ls ${quoted(folder)}`), names: namesInList },
    NLST: { run: (server, folder) => lftp(server, `nlist ${quoted(folder)}`), names: namesInNlst },
    MLSD: {
      run: (server, folder) => lftp(server, 'set ftp:use-mlsd yes', `cls -1 ${quoted(`${folder}/`)}`),
      names: namesInNlst,
    },
  },
  rename: (server, from, to) => lftp(server, `mv ${quoted(from)} ${quoted(to)}`),
  remove: (server, path) => lftp(server, `rm ${quoted(path)}`),
  uploadRest: (server, from, to) => lftp(server, `put -c ${quoted(from)} -o ${quoted(to)}`),
  downloadRest: (server, from, to) => lftp(server, `get -c ${quoted(from)} -o ${quoted(to)}`),
  uploadText: (server, from, to) => lftp(server, `put -a ${quoted(from)} -o ${quoted(to)}`),
  downloadText: (server, from, to) => lftp(server, `get -a ${quoted(from)} -o ${quoted(to)}`),
  mirrorUp: (server, from, to) => lftp(server, `mirror -R --parallel=4 ${quoted(from)} ${quoted(to)}`),
  mirrorDown: (server, from, to) => lftp(server, `mirror --parallel=4 ${quoted(from)} ${quoted(to)}`),
  ipv6: true,
  active: { PORT: '127.0.0.1' },
  tls: { explicit: ['1.2', '1.3'], implicit: ['1.2', '1.3'] },
  resumes: ['1.2', '1.3'],
  cannot: { EPRT: 'over IPv6 it tells :: as its own address' },
};

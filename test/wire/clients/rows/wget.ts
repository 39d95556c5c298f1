import type { Client, Invocation, Server } from '../client.ts';
import { ftpUrl } from './url.ts';

const tls = ({ security, tls: version, trusted }: Server): string[] =>
  security === 'plain'
    ? []
    : [
        `--ca-certificate=${trusted}`,
        '--ftps-resume-ssl',
        ...(security === 'implicit' ? ['--ftps-implicit'] : []),
        ...(version ? [`--ciphers=NORMAL:-VERS-ALL:+VERS-TLS${version}`] : []),
      ];

const wget = (server: Server, path: string, ...args: string[]): Invocation => ({
  command: 'wget',
  args: [
    ...['--no-config', '--no-verbose', '--no-hsts', '--no-glob', '--tries=1', '--timeout=100'],
    `--ftp-user=${server.user}`,
    `--ftp-password=${server.password}`,
    ...(server.data === 'passive' ? [] : ['--no-passive-ftp']),
    ...tls(server),
    ...args,
    ftpUrl(server, path, { scheme: server.security === 'plain' ? 'ftp' : 'ftps' }),
  ],
});

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** It makes a page of LIST's lines. */
const namesInPage = (page: string): string[] =>
  [...page.matchAll(/File +<a href="[^"]*">([^<]*)<\/a>/g)].map(([, name]) =>
    name!.replace(/&(?:#(\d+)|(\w+));/g, (entity, code, word) =>
      code ? String.fromCodePoint(Number(code)) : (ENTITIES[word] ?? entity),
    ),
  );

export const WGET: Client = {
  name: 'wget',
  download: (server, from, to) => wget(server, from, `--output-document=${to}`),
  stream: (server, path) => wget(server, path, '--output-document=-'),
  listings: {
    LIST: {
      run: (server, folder) => wget(server, `${folder}/`, '--output-document=-'),
      names: namesInPage,
    },
  },
  downloadRest: (server, from, to) => wget(server, from, '--continue', `--output-document=${to}`),
  mirrorDown: (server, from, to) =>
    wget(
      server,
      `${from}/`,
      '--recursive',
      '--level=inf',
      '--no-host-directories',
      `--cut-dirs=${from.split('/').length - 1}`,
      `--directory-prefix=${to}`,
    ),
  // It takes all spaces before a name for those of the listing.
  garbles: /^ /,
  ipv6: true,
  active: { PORT: '127.0.0.1', EPRT: '::1' },
  tls: { explicit: ['1.2', '1.3'], implicit: ['1.2', '1.3'] },
  resumes: ['1.2'],
  cannot: {
    upload: 'wget only downloads',
    rename: 'wget only downloads',
    remove: 'wget only downloads',
    'resumption, TLS 1.3': 'it takes the session before a ticket has come, now and then',
  },
};

import type { Client, Invocation, Server } from '../client.ts';
import { namesInList, namesInMlsd, namesInNlst } from './names-in.ts';
import { ftpUrl } from './url.ts';

const data = {
  passive: [],
  PORT: ['--ftp-port', '-', '--disable-eprt'],
  EPRT: ['--ftp-port', '-'],
};

const tls = ({ security, tls: version, trusted }: Server): string[] =>
  security === 'plain'
    ? []
    : ['--ssl-reqd', '--cacert', trusted, ...(version ? [`--tlsv${version}`, '--tls-max', version] : [])];

const curl = (server: Server, path: string, ...args: string[]): Invocation => ({
  command: 'curl',
  args: [
    ...['--disable', '--silent', '--show-error', '--globoff', '--user', `${server.user}:${server.password}`],
    ...data[server.data],
    ...tls(server),
    ...args,
    ftpUrl(server, path),
  ],
});

/** Commands before a transfer that is none. */
const quote = (server: Server, ...commands: string[]): Invocation =>
  curl(server, '/', '--head', ...commands.flatMap((command) => ['--quote', command]));

export const CURL: Client = {
  name: 'curl',
  upload: (server, from, to) => curl(server, to, '--upload-file', from),
  download: (server, from, to) => curl(server, from, '--output', to),
  stream: (server, path) => curl(server, path),
  listings: {
    LIST: { run: (server, folder) => curl(server, `${folder}/`), names: namesInList },
    NLST: { run: (server, folder) => curl(server, `${folder}/`, '--list-only'), names: namesInNlst },
    MLSD: { run: (server, folder) => curl(server, `${folder}/`, '--request', 'MLSD'), names: namesInMlsd },
  },
  rename: (server, from, to) => quote(server, `RNFR ${from}`, `RNTO ${to}`),
  remove: (server, path) => quote(server, `DELE ${path}`),
  uploadRest: (server, from, to) => curl(server, to, '--continue-at', '-', '--upload-file', from),
  downloadRest: (server, from, to) => curl(server, from, '--continue-at', '-', '--output', to),
  uploadText: (server, from, to) => curl(server, to, '--use-ascii', '--crlf', '--upload-file', from),
  downloadText: (server, from, to) => curl(server, from, '--use-ascii', '--output', to),
  ipv6: true,
  active: { PORT: '127.0.0.1', EPRT: '127.0.0.1' },
  tls: { explicit: ['1.2', '1.3'], implicit: ['1.2', '1.3'] },
  resumes: ['1.2', '1.3'],
  cannot: {
    mirror: 'curl moves one file a URL',
    'active TLS': 'curl 7.88 sends in the clear after PROT P; 8.0 does not',
    'many uploads that resume, TLS 1.3': 'it uses a ticket once, and reads none where it sends',
  },
};

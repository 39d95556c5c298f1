import { join } from 'node:path';
import type { Client, Invocation, Server } from '../client.ts';
import { namesInList, namesInNlst } from './names-in.ts';

/** Libraries, each with a small program around it that takes `HOST PORT USER PASSWORD DATA SECURITY TLS TRUSTED VERB WORDS...`. */
const program =
  (command: string, script: string) =>
  (verb: string) =>
  (server: Server, ...words: string[]): Invocation => ({
    command,
    args: [
      join(import.meta.dirname, '../programs', script),
      server.host,
      String(server.port),
      server.user,
      server.password,
      server.data === 'passive' ? 'passive' : 'active',
      server.security,
      server.tls ?? 'any',
      server.trusted,
      verb,
      ...words,
    ],
  });

type Verb = ReturnType<typeof program>;

const whatAllDo = (verb: Verb) => ({
  upload: verb('upload'),
  download: verb('download'),
  stream: verb('stream'),
  rename: verb('rename'),
  remove: verb('remove'),
  downloadRest: verb('download-rest'),
  ipv6: true,
});

const allTls = {
  explicit: ['1.2', '1.3'],
  implicit: ['1.2', '1.3'],
} as const satisfies Client['tls'];

const texts = (verb: Verb) => ({
  uploadText: verb('upload-text'),
  downloadText: verb('download-text'),
});

/** Told from where to go on. */
const uploadFrom =
  (verb: Verb): Client['uploadRest'] =>
  (server, from, to, at) =>
    verb('upload-rest')(server, from, to, String(at));

export const ftplib = program('python3', 'ftplib_client.py');
export const FTPLIB: Client = {
  name: 'ftplib',
  ...whatAllDo(ftplib),
  ...texts(ftplib),
  uploadRest: uploadFrom(ftplib),
  listings: {
    LIST: { run: (server, folder) => ftplib('LIST')(server, folder), names: namesInList },
    NLST: { run: (server, folder) => ftplib('NLST')(server, folder), names: namesInNlst },
    MLSD: { run: (server, folder) => ftplib('MLSD')(server, folder), names: namesInNlst },
  },
  active: { PORT: '127.0.0.1', EPRT: '::1' },
  tls: allTls,
  resumes: ['1.2', '1.3'],
  cannot: { mirror: 'the library has no such call' },
};

const netFtp = program('perl', 'net-ftp-client.pl');
export const NET_FTP: Client = {
  name: 'Net::FTP',
  ...whatAllDo(netFtp),
  ...texts(netFtp),
  uploadRest: uploadFrom(netFtp),
  listings: {
    LIST: { run: (server, folder) => netFtp('LIST')(server, folder), names: namesInList },
    NLST: { run: (server, folder) => netFtp('NLST')(server, folder), names: namesInNlst },
  },
  active: { PORT: '127.0.0.1', EPRT: '::1' },
  tls: allTls,
  cannot: {
    mirror: 'the library has no such call',
    MLSD: 'the library has no such call',
    resumption: 'it looks for the session of its control connection under the port of the data connection',
  },
};

const basicFtp = program(process.execPath, 'basic-ftp-process.ts');
export const BASIC_FTP: Client = {
  name: 'basic-ftp',
  ...whatAllDo(basicFtp),
  uploadRest: uploadFrom(basicFtp),
  listings: {
    LIST: { run: (server, folder) => basicFtp('LIST')(server, folder), names: namesInNlst },
    MLSD: { run: (server, folder) => basicFtp('MLSD')(server, folder), names: namesInNlst },
  },
  mirrorUp: basicFtp('mirror-up'),
  mirrorDown: basicFtp('mirror-down'),
  active: {},
  tls: allTls,
  resumes: ['1.2', '1.3'],
  cannot: {
    active: 'the library is passive only',
    'empty files under TLS': 'it ends a data connection that resumes before its handshake is done',
    text: 'the library is binary only',
    NLST: 'it has no call',
  },
};

const phpFtp = program('php', 'php_ftp_client.php');
export const PHP_FTP: Client = {
  name: 'php-ftp',
  ...whatAllDo(phpFtp),
  ...texts(phpFtp),
  uploadRest: uploadFrom(phpFtp),
  listings: {
    LIST: { run: (server, folder) => phpFtp('LIST')(server, folder), names: namesInList },
    NLST: { run: (server, folder) => phpFtp('NLST')(server, folder), names: namesInNlst },
    MLSD: { run: (server, folder) => phpFtp('MLSD')(server, folder), names: namesInNlst },
  },
  active: { PORT: '127.0.0.1', EPRT: '::1' },
  tls: { explicit: [] },
  resumes: ['1.3'],
  cannot: {
    mirror: 'the extension has no such call',
    implicit: 'the extension knows AUTH TLS only',
    'TLS versions': 'the extension takes none',
  },
};

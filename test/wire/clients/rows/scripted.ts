import { join } from 'node:path';
import type { Client, Invocation, Server } from '../client.ts';
import { namesInList, namesInNlst } from './names-in.ts';

/** Libraries, each with a small program around it that takes `HOST PORT USER PASSWORD DATA VERB WORDS...`. */
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
  cannot: { mirror: 'the library has no such call', MLSD: 'the library has no such call' },
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
  cannot: {
    active: 'the library is passive only',
    text: 'the library is binary only',
    NLST: 'it has no call',
  },
};

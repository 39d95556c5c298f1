import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { SecureVersion } from 'node:tls';
import { Client } from 'basic-ftp';

/** basic-ftp, one thing a run: HOST PORT USER PASSWORD DATA SECURITY TLS TRUSTED VERB WORDS... */
const [host, port, user, password, , security, tls, trusted, verb, ...words] = process.argv.slice(2);
const client = new Client(100_000);

const list = async (folder: string): Promise<void> => {
  for (const { name } of await client.list(folder)) console.log(name);
};

const verbs: Record<string, (...words: string[]) => Promise<unknown>> = {
  upload: (local, remote) => client.uploadFrom(local!, remote!),
  download: (remote, local) => client.downloadTo(local!, remote!),
  stream: (remote) => client.downloadTo(process.stdout, remote!),
  LIST: async (folder) => {
    client.availableListCommands = ['LIST'];
    await list(folder!);
  },
  MLSD: async (folder) => {
    client.availableListCommands = ['MLSD'];
    await list(folder!);
  },
  rename: (from, to) => client.rename(from!, to!),
  remove: (path) => client.remove(path!),
  'upload-rest': (local, remote, at) =>
    client.appendFrom(createReadStream(local!, { start: Number(at) }), remote!),
  'download-rest': async (remote, local) => client.downloadTo(local!, remote!, (await stat(local!)).size),
  'mirror-up': (local, remote) => client.uploadFromDir(local!, remote!),
  'mirror-down': (remote, local) => client.downloadToDir(local!, remote!),
};

const version =
  tls === 'any'
    ? {}
    : { minVersion: `TLSv${tls}` as SecureVersion, maxVersion: `TLSv${tls}` as SecureVersion };
await client.access({
  host: host!,
  port: Number(port),
  user: user!,
  password: password!,
  secure: security === 'implicit' ? 'implicit' : security === 'explicit',
  secureOptions: security === 'plain' ? {} : { ca: readFileSync(trusted!), ...version },
});
await verbs[verb!]!(...words);
client.close();

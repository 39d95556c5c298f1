import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Client } from 'basic-ftp';

/** basic-ftp, one thing a run: HOST PORT USER PASSWORD DATA VERB WORDS... */
const [host, port, user, password, , verb, ...words] = process.argv.slice(2);
const client = new Client(30_000);

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

await client.access({ host: host!, port: Number(port), user: user!, password: password! });
await verbs[verb!]!(...words);
client.close();

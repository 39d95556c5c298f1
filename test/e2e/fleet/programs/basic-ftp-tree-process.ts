import { readFile } from 'node:fs/promises';
import { Client } from 'basic-ftp';

/** A folder of files with basic-ftp: HOST PORT USER PASSWORD CA up|down LOCAL REMOTE, CA `-` for no TLS. */
const [host, port, user, password, ca, verb, local, remote] = process.argv.slice(2);
const client = new Client(200_000);
const tls = ca === '-' ? {} : { secure: true, secureOptions: { ca: await readFile(ca!, 'utf8') } };
await client.access({ host: host!, port: Number(port), user: user!, password: password!, ...tls });
if (verb === 'up') await client.uploadFromDir(local!, remote!);
else await client.downloadToDir(local!, remote!);
client.close();

import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';

/** Files over FTPS with basic-ftp, which resumes the control connection's session. Arguments: port, `true` or `implicit`. */
const [port, secure] = process.argv.slice(2);
const client = new Client(100_000);
await client.access({
  host: '127.0.0.1',
  port: Number(port),
  user: 'acme',
  password: 'secret',
  secure: secure === 'implicit' ? 'implicit' : true,
  secureOptions: { rejectUnauthorized: false },
});
for (let index = 0; index < 25; index += 1) {
  await client.uploadFrom(Readable.from([`file ${index}`]), `in/b${index}`);
  let text = '';
  const into = new Writable({
    write(chunk, _encoding, callback) {
      text += chunk;
      callback();
    },
  });
  await client.downloadTo(into, `in/b${index}`);
  if (text !== `file ${index}`) throw new Error(`got "${text}"`);
}
client.close();

import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { openS3Store } from '../../adapters/store/s3/store.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import { bytesOf } from './store/given.ts';

/** A process to be stopped in an upload: what it does when it comes back, and what becomes of that, it says. */
const [options, key, size, act] = process.argv.slice(2) as [
  string,
  string,
  string,
  'write' | 'publish' | 'suspend' | 'abort',
];
const store = await openS3Store(JSON.parse(options));
const upload = await store.uploads.begin(key, newArrivalId());
await upload.write(bytesOf(Number(size), 'stopped'));
if (act === 'publish') await upload.seal();
writeSync(1, 'ready\n');
await once(process.stdin, 'data');
const acts = {
  write: () => upload.write(bytesOf(Number(size), 'stopped')).then(() => upload.seal()),
  publish: () => upload.publish({ replace: true }),
  suspend: () => upload.suspend(),
  abort: () => upload.abort(),
};
const outcome = await acts[act]().then(
  () => 'done',
  (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
);
writeSync(1, `${outcome}\n`);
// As a listener does after a failure.
if (act === 'write' || act === 'publish') await upload.suspend().catch(() => undefined);
await store.close();
process.exit(0);

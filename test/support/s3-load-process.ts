import { openS3Store } from '../../adapters/store/s3/store.ts';
import { parseS3Url } from '../../adapters/store/s3/url.ts';
import { newArrivalId } from '../../core/arrival.ts';
import { peakMemory } from './landfall-process.ts';

/** Many uploads at the same time, in a process of their own: `URL UPLOADS BYTES MEMORY_BYTES`. Says what they took. */
const [url, ...numbers] = process.argv.slice(2) as [string, ...string[]];
const [uploads, bytes, memoryBytes] = numbers.map(Number) as [number, number, number];
const CHUNK = Buffer.alloc(256 * 1024, 'landfall');

const store = await openS3Store({ ...parseS3Url(url), memoryBytes });
let longestWriteMs = 0;

async function upload(index: number): Promise<void> {
  const key = `files/load/${index}`;
  const one = await store.uploads.begin(key, newArrivalId());
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    const started = performance.now();
    await one.write(CHUNK.subarray(0, bytes - sent));
    longestWriteMs = Math.max(longestWriteMs, performance.now() - started);
  }
  await one.seal();
  await one.publish();
}

// What the first upload needs, the SDK's code among it, belongs to the start.
await upload(0);
const before = await peakMemory(process.pid);
await Promise.all(Array.from({ length: uploads }, (_, index) => upload(index + 1)));
const after = await peakMemory(process.pid);
console.log(JSON.stringify({ lentBytes: store.peakBytes, grownBytes: after - before, longestWriteMs }));
await store.close();

import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

/** A thread that answers the SHA-256 of each message, in the order in which they come. */
parentPort?.on('message', (bytes: Uint8Array) => {
  parentPort?.postMessage(createHash('sha256').update(bytes).digest('hex'));
});

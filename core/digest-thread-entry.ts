import { parentPort } from 'node:worker_threads';
import type { ToThread } from './digest-thread.ts';
import { createDigester, type Digester } from './digests.ts';

/** What runs in a digest thread: it answers each piece and each end, in the order in which they come. */
const digesters = new Map<number, Digester>();

const acts: { [Act in ToThread['act']]: (message: Extract<ToThread, { act: Act }>) => void } = {
  begin: ({ stream, names }) => void digesters.set(stream, createDigester(names)),
  update({ stream, bytes }) {
    digesters.get(stream)?.update(bytes);
    parentPort?.postMessage(undefined);
  },
  finish({ stream }) {
    parentPort?.postMessage(digesters.get(stream)?.finish());
    digesters.delete(stream);
  },
  drop: ({ stream }) => void digesters.delete(stream),
};

parentPort?.on('message', (message: ToThread) => acts[message.act](message as never));

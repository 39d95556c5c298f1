import { choosePorts, chooseScanner, type Ports } from '../../../adapters/choose.ts';
import { createLog } from '../../../adapters/log/pino-log.ts';
import { readConfig } from '../../../core/config.ts';
import { createLedger } from '../../../core/ledger.ts';
import type { Delivery } from '../../../core/ports/queue.ts';
import type { Upload } from '../../../core/ports/store.ts';
import { start } from '../../../services/main.ts';

/**
 * Landfall with ports that kill it at one step, the nth time it comes by: `crashing-main.ts STEP N`. Nothing of the
 * product knows of this; without arguments it is Landfall itself.
 */
const [wanted, count] = process.argv.slice(2);
let left = Number(count ?? 0);

function reach(step: string): void {
  if (step !== wanted) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

async function passing<Value>(call: string, run: () => Promise<Value>): Promise<Value> {
  reach(`before ${call}`);
  const value = await run();
  reach(`after ${call}`);
  return value;
}

const crashingUpload = (upload: Upload): Upload => ({
  get size() {
    return upload.size;
  },
  get note() {
    return upload.note;
  },
  write: (chunk) => upload.write(chunk),
  seal: () => passing('upload seal', () => upload.seal()),
  publish: (options) => passing('upload publish', () => upload.publish(options)),
  suspend: (note) => upload.suspend(note),
  abort: () => upload.abort(),
});

const crashingDelivery = (queue: string, delivery: Delivery): Delivery => ({
  ...delivery,
  ack: () => passing(`ack ${queue}`, () => delivery.ack()),
  release: (delayMs) => delivery.release(delayMs),
  bury: (reason) => delivery.bury(reason),
  extend: (visibilityMs) => delivery.extend(visibilityMs),
});

/** `ledger/2026-11-25/<arrival>/1-deliver-folder.json` is `deliver-folder`. */
const recordName = (key: string): string => /^ledger\/.*\/(?:\d+-)?([^/]+)\.json$/.exec(key)?.[1] ?? key;

function crashingPorts(ports: Ports): Omit<Ports, 'ledger'> {
  const { store, queue } = ports;
  return {
    ...ports,
    store: {
      ...store,
      objects: {
        ...store.objects,
        put: (key, bytes, options) =>
          passing(`record ${recordName(key)}`, () => store.objects.put(key, bytes, options)),
      },
      uploads: {
        ...store.uploads,
        begin: async (key, arrival) => crashingUpload(await store.uploads.begin(key, arrival)),
        resume: async (key, arrival, at) => crashingUpload(await store.uploads.resume(key, arrival, at)),
      },
    },
    queue: {
      send: (name, messages) => passing(`send ${name}`, () => queue.send(name, messages)),
      receive: async (name, options, signal) =>
        (await queue.receive(name, options, signal)).map((delivery) => crashingDelivery(name, delivery)),
      deadLetters: (name) => queue.deadLetters(name),
      redrive: (name, ids) => queue.redrive(name, ids),
      depth: (name) => queue.depth(name),
      close: () => queue.close(),
    },
    target: (spec) => {
      const target = ports.target(spec);
      return {
        deliver: (delivery, signal) => passing(`target ${spec.name}`, () => target.deliver(delivery, signal)),
      };
    },
  };
}

const config = readConfig(process.env);
const log = createLog(config);
const crashing = crashingPorts(await choosePorts(config, log));
const { scanner } = await chooseScanner(config, log);
const { ftp } = await start(config, { ...crashing, ledger: createLedger(crashing.store) }, scanner, log);
log.info({ event: 'ready', ftp, pid: process.pid }, 'ready');

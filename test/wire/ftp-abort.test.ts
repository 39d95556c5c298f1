import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../core/fault.ts';
import type { Store, Upload } from '../../core/ports/store.ts';
import { type FtpLab, type FtpTalk, get, put, startFtpLab } from '../support/ftp-lab.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { startProgram } from './clients/run-program.ts';

/** Far less than any time limit of these labs. */
const AT_ONCE_MS = 10_000;
/** A client that takes nothing for so long is dropped. */
const STALL_MS = 2_000;

/** A store of which one step waits for `release`. */
interface SlowStore {
  readonly store: Store;
  /** The step that waits. */
  slow: 'begin' | 'write' | 'seal' | 'suspend' | 'read' | 'list' | undefined;
  /** Writes that it has room for. */
  room: number;
  /** Resolves when it does. */
  readonly reached: Promise<void>;
  release(): void;
}

function createSlowStore(): SlowStore {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const memory = createMemoryStore();
  const waits = async (step: SlowStore['slow']): Promise<void> => {
    if (lab.slow !== step) return;
    reach();
    await released;
  };
  const slowUpload = (upload: Upload): Upload =>
    Object.create(upload, {
      size: { get: () => upload.size },
      write: {
        async value(chunk: Uint8Array) {
          lab.room -= 1;
          if (lab.room < 0) throw new Fault('store-full');
          await waits('write');
          await upload.write(chunk);
        },
      },
      suspend: { value: (note?: string) => waits('suspend').then(() => upload.suspend(note)) },
      seal: { value: () => waits('seal').then(() => upload.seal()) },
    }) as Upload;
  const store: Store = {
    ...memory,
    uploads: {
      ...memory.uploads,
      async begin(key, arrival) {
        await waits('begin');
        return slowUpload(await memory.uploads.begin(key, arrival));
      },
    },
    objects: {
      ...memory.objects,
      async *read(key, range) {
        await waits('read');
        yield* memory.objects.read(key, range);
      },
    },
    folders: {
      ...memory.folders,
      async *list(key) {
        await waits('list');
        yield* memory.folders.list(key);
      },
    },
  };
  const lab: SlowStore = {
    store,
    slow: undefined,
    room: Number.POSITIVE_INFINITY,
    reached,
    release: resolve,
  };
  return lab;
}

let slow: SlowStore;
let lab: FtpLab;
let talk: FtpTalk;
beforeEach(async () => {
  slow = createSlowStore();
  lab = await startFtpLab({ store: slow.store });
  talk = await lab.logIn();
});
afterEach(async () => {
  slow.release();
  talk.socket.destroy();
  await lab.listener.stop(0);
  expect(lab.pool.used).toBe(0);
});

const abortAtOnce = async (): Promise<void> => {
  const began = performance.now();
  talk.send('ABOR\r\n');
  await talk.expect(426);
  await talk.expect(226);
  expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
};

/** All is as if the transfer had not been, and the next one goes through. */
const goesOn = async (): Promise<void> => {
  slow.release();
  expect(await lab.stored('/in/a')).toBeUndefined();
  expect(lab.events.join()).not.toContain('/in/a');
  expect(await put(talk, 'STOR in/b', 'next')).toMatch(/^226/);
  expect(await lab.stored('/in/b')).toEqual(Buffer.from('next'));
};

describe('ABOR is answered at once', () => {
  it('while the client has not made the data connection', async () => {
    await talk.say('EPSV', 229);
    await talk.say('STOR in/a', 150);
    await abortAtOnce();
    await goesOn();
  });

  it('while the data connection to the client is being made', async () => {
    // RFC 5737: nobody is there.
    const far = await startFtpLab({ partner: { ftp: { dataAddresses: ['192.0.2.0/24'] } } });
    talk.socket.destroy();
    talk = await far.logIn();
    await talk.say('PORT 192,0,2,1,200,1', 200);
    talk.send('LIST\r\n');
    await talk.expect(150);
    const began = performance.now();
    talk.send('ABOR\r\n');
    await talk.reply();
    await talk.expect(226);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    await far.listener.stop(0);
  });

  it('while the store opens the upload, before the opening reply', async () => {
    slow.slow = 'begin';
    await talk.passive();
    talk.send('STOR in/a\r\n');
    await slow.reached;
    await abortAtOnce();
    await goesOn();
  });

  it('while the store takes no bytes', async () => {
    slow.slow = 'write';
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    data.write(Buffer.alloc(300_000));
    await slow.reached;
    await abortAtOnce();
    // The next command finds all cleared up: it waits.
    talk.send('SIZE in/a\r\n');
    await sleep(50);
    slow.release();
    expect(Number((await talk.expect(213)).slice(4))).toBeGreaterThan(0);
    data.destroy();
    await goesOn();
  });

  it.each(['RETR in/c', 'LIST in', 'MLSD in', 'NLST in'])(
    'while the store gives nothing for %s',
    async (command) => {
      await put(talk, 'STOR in/c', 'there');
      slow.slow = command.startsWith('RETR') ? 'read' : 'list';
      const data = await talk.passive();
      talk.send(`${command}\r\n`);
      await slow.reached;
      talk.send('ABOR\r\n');
      const began = performance.now();
      const said = await talk.reply();
      // Nobody knows yet whether it is there, or the opening reply was given already.
      if (said.startsWith('150')) await talk.expect(426);
      else expect(said).toMatch(/^426/);
      await talk.expect(226);
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
      data.destroy();
      await goesOn();
    },
  );

  it('in the middle of MODE Z', async () => {
    await put(talk, 'STOR in/c', randomBytes(16 * 2 ** 20));
    await talk.say('MODE Z', 200);
    await talk.passive();
    await talk.say('RETR in/c', 150);
    await sleep(30);
    await abortAtOnce();
    await talk.say('MODE S', 200);
    await goesOn();
  });

  it('but an upload that is being made durable tells what became of it', async () => {
    slow.slow = 'seal';
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    data.end('whole');
    await slow.reached;
    let isAnswered = false;
    talk.send('ABOR\r\n');
    const said = talk.reply().finally(() => {
      isAnswered = true;
    });
    await sleep(50);
    expect(isAnswered).toBe(false);
    slow.release();
    expect(await said).toMatch((await lab.stored('/in/a')) === undefined ? /^426/ : /^226/);
    await talk.expect(226);
  });

  it('in the order of the commands: what was sent before it comes first', async () => {
    slow.slow = 'write';
    const data = await talk.passive();
    await talk.say('STOR in/a', 150);
    data.write('x');
    talk.send('NOOP\r\nSTAT\r\nABOR\r\nABOR\r\nNOOP\r\n');
    for (const code of [200, 211, 426, 226, 226, 200]) await talk.expect(code);
    slow.release();
    await talk.say('ABOR', 226);
  });
});

it('a store that is full is told of at once, however long it takes to keep what came', async () => {
  slow.room = 1;
  slow.slow = 'suspend';
  const data = await talk.passive();
  data.on('error', () => undefined);
  await talk.say('STOR in/a', 150);
  data.write(randomBytes(2 ** 20));
  await slow.reached;
  await talk.expect(452);
  slow.room = Number.POSITIVE_INFINITY;
  await goesOn();
});

it('a download whose store is slow is not the fault of who takes it', async () => {
  const patient = await startFtpLab({ store: slow.store, timeouts: { stallMs: STALL_MS } });
  talk.socket.destroy();
  talk = await patient.logIn();
  await put(talk, 'STOR in/a', 'there');
  slow.slow = 'read';
  void slow.reached.then(() => sleep(2 * STALL_MS)).then(slow.release);
  expect((await get(talk, 'RETR in/a')).toString()).toBe('there');
  talk.socket.destroy();
  await patient.listener.stop(0);
});

describe('ABOR as clients send it', () => {
  const script = join(import.meta.dirname, 'clients/programs/urgent_abort.py');
  beforeEach(() => put(talk, 'STOR in/c', randomBytes(32 * 2 ** 20)));

  it.each(
    ['STOR in/a', 'RETR in/c'].flatMap((command) =>
      ['synch', 'urgent-all', 'ftplib'].map((form) => [command, form] as const),
    ),
  )('ends %s, %s', async (command, form) => {
    const args = [script, String(lab.listener.port), command, form];
    const said = await startProgram({ command: 'python3', args }, '/tmp').done;
    const [first, second, took, noop] = said.trim().split('\n');
    expect(first).toMatch(/^426 /);
    expect(second).toMatch(/^226 /);
    expect(Number(/after (\S+) s/.exec(took!)![1])).toBeLessThan(AT_ONCE_MS / 1000);
    expect(noop).toMatch(/^200 /);
    expect(await lab.stored('/in/a')).toBeUndefined();
  });

  it('lftp kills a download and goes on', async () => {
    const input = [
      'set ftp:use-mode-z no; set ftp:ssl-allow no; set net:limit-rate 1M',
      `open -u acme,secret -p ${lab.listener.port} 127.0.0.1`,
      'get in/c -o /dev/null &',
      '!sleep 0.5',
      'kill 0',
      '!sleep 0.2',
      'cls -1 in',
      'bye',
    ].join('\n');
    const said = await startProgram({ command: 'lftp', args: ['-d'], input }, '/tmp').done;
    expect(said).toMatch(/^in\/c$/m);
  });
});

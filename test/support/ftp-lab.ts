import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createLocalFleet } from '../../adapters/fleet/local.ts';
import { isAddressAllowed } from '../../core/addresses.ts';
import { type BlockPool, createBlockPool } from '../../core/buffers.ts';
import { createDigestThreads } from '../../core/digest-threads.ts';
import { Fault } from '../../core/fault.ts';
import type { Gate } from '../../core/gate.ts';
import { createLedger } from '../../core/ledger.ts';
import { openZone } from '../../core/open-zone.ts';
import type { Queue } from '../../core/ports/queue.ts';
import type { Store } from '../../core/ports/store.ts';
import { createStoredDigests } from '../../core/stored-digests.ts';
import { type FtpListener, startFtpListener } from '../../services/ftp/listener.ts';
import type { FtpOptions } from '../../services/ftp/options.ts';
import { aPartner } from './a-partner.ts';
import { freePorts } from './free-ports.ts';
import { createMemoryStore } from './memory-store.ts';
import { noMetrics } from './no-metrics.ts';
import { quietLog } from './quiet-log.ts';

/** An FTP listener over a store in memory, with one partner: user `acme`, password `secret`. */
export interface FtpLab {
  readonly listener: FtpListener;
  readonly store: Store;
  readonly pool: BlockPool;
  /** Bodies of the events that were sent. */
  readonly events: string[];
  /** The bytes of the file as the store has it, undefined when there is none. */
  stored(path: string): Promise<Buffer | undefined>;
  /** A client's control connection. */
  dial(): Promise<FtpTalk>;
  /** The same after the login, in TYPE I. */
  logIn(): Promise<FtpTalk>;
}

export interface LabOptions extends Partial<Omit<FtpOptions, 'timeouts'>> {
  readonly timeouts?: Partial<FtpOptions['timeouts']>;
  readonly partner?: object;
  readonly store?: Store;
  /** Bytes that are left; unknown when left out. */
  readonly room?: number;
}

/** Of one lab; all are listened at. */
const PASSIVE_PORTS = 12;
/** Milliseconds: longer than any test waits, and than a busy machine stands still. */
const NEVER_REACHED: FtpOptions['timeouts'] = {
  loginMs: 120_000,
  idleMs: 120_000,
  dataMs: 60_000,
  stallMs: 120_000,
  transferMs: 240_000,
};

const gateFor = (partner: ReturnType<typeof aPartner>): Gate => ({
  async login({ user }, password) {
    if (user === 'acme' && password === 'secret') return partner;
    throw new Fault('bad-credentials');
  },
  loginByCertificate: () => undefined,
  knowsCertificates: () => false,
  demandsTls: () => partner.ftp.tls !== 'optional',
  dataAddressesOf: (address) => partner.ftp.dataAddresses.filter((rule) => isAddressAllowed(address, [rule])),
  knowsHost: (host) => partner.hosts.length === 0 || partner.hosts.includes(host),
});

export async function startFtpLab({ partner: rules, ...more }: LabOptions = {}): Promise<FtpLab> {
  const partner = aPartner(rules);
  const store = more.store ?? createMemoryStore();
  const ledger = createLedger(store);
  const digests = createStoredDigests(store, ledger);
  const digestThreads = createDigestThreads(1);
  const events: string[] = [];
  const queue = {
    send: async (_queue, messages) => void events.push(...messages.map(({ body }) => body)),
  } as Pick<Queue, 'send'> as Queue;
  const pool = more.pool ?? createBlockPool({ totalBytes: 1024 * 1024, blockBytes: 64 * 1024, shared: true });
  const listener = await startFtpListener({
    address: '127.0.0.1',
    port: 0,
    passive: await freePorts(PASSIVE_PORTS),
    limits: { total: 100, perAddress: 100 },
    proxies: { from: [], headerMs: 60_000 },
    gate: gateFor(partner),
    openZone: (one) =>
      openZone(one, {
        store,
        queue,
        ledger,
        digests,
        digestThreads,
        room: async () => more.room,
        partners: { named: () => one },
        maxFileSize: 2 ** 30,
      }),
    fleet: createLocalFleet(),
    metrics: noMetrics,
    log: quietLog,
    ...more,
    pool,
    timeouts: { ...NEVER_REACHED, ...more.timeouts },
  });
  const dial = () => talkTo(listener.port);
  return {
    listener,
    store,
    pool,
    events,
    async stored(path) {
      const key = `files/${partner.name}${path}`;
      if (!(await store.objects.head(key))) return undefined;
      const chunks: Buffer[] = [];
      for await (const chunk of store.objects.read(key)) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },
    dial,
    async logIn() {
      const talk = await dial();
      await talk.expect(220);
      for (const [line, code] of [
        ['USER acme', 331],
        ['PASS secret', 230],
        ['TYPE I', 200],
      ] as const) {
        await talk.say(line, code);
      }
      return talk;
    },
  };
}

/** The client's side of a control connection: replies whole, in order. */
export interface FtpTalk {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** The next reply, its lines joined by a line feed; rejects when the connection is closed instead. */
  reply(): Promise<string>;
  /** The next reply, which must have the code. */
  expect(code: number): Promise<string>;
  say(line: string, code: number): Promise<string>;
  /** A data connection by EPSV. */
  passive(): Promise<Socket>;
  /** Resolves when the server has closed. */
  closed: Promise<void>;
}

/** `from`: the client's own address, for tests in which it matters. */
export async function talkTo(port: number, host = '127.0.0.1', from?: string): Promise<FtpTalk> {
  const own = from === undefined ? {} : { localAddress: from };
  const socket = connect({ port, host, ...own });
  const talk = talkOn(socket, { host, ...own });
  await once(socket, 'connect');
  return talk;
}

/** The same over a connection that is there; `at` is where data connections go. */
export function talkOn(socket: Socket, at: { host: string; localAddress?: string }): FtpTalk {
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const replies: string[] = [];
  const waiting: (() => void)[] = [];
  let text = '';
  let over = false;
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (;;) {
      const match = /^(?:\d{3} [^\n]*|(\d{3})-[\s\S]*?\n\1 [^\n]*)\r\n/.exec(text);
      if (!match) break;
      replies.push(match[0].trimEnd().replaceAll('\r\n', '\n'));
      text = text.slice(match[0].length);
    }
    wake();
  });
  socket.on('end', () => {
    over = true;
    wake();
  });
  closed.then(() => {
    over = true;
    wake();
  });
  const talk: FtpTalk = {
    socket,
    closed,
    send: (bytes) => void socket.write(bytes),
    async reply() {
      while (replies.length === 0) {
        if (over) throw new Error('the server closed the control connection');
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      return replies.shift()!;
    },
    async expect(code) {
      const said = await talk.reply();
      if (!said.startsWith(String(code))) throw new Error(`expected ${code}, the server said: ${said}`);
      return said;
    },
    say(line, code) {
      talk.send(`${line}\r\n`);
      return talk.expect(code);
    },
    async passive() {
      const said = await talk.say('EPSV', 229);
      const data = connect({
        port: Number(/\|\|\|(\d+)\|/.exec(said)![1]),
        allowHalfOpen: true,
        ...at,
      });
      data.on('error', () => undefined);
      await once(data, 'connect');
      return data;
    },
  };
  return talk;
}

/** Uploads the bytes; answers the last reply. */
export async function put(talk: FtpTalk, command: string, bytes: string | Buffer): Promise<string> {
  const data = await talk.passive();
  await talk.say(command, 150);
  data.end(bytes);
  return talk.reply();
}

/** Downloads; answers the bytes. */
export async function get(talk: FtpTalk, command: string): Promise<Buffer> {
  const data = await talk.passive();
  await talk.say(command, 150);
  const chunks: Buffer[] = [];
  for await (const chunk of data) chunks.push(chunk as Buffer);
  data.end();
  await talk.expect(226);
  return Buffer.concat(chunks);
}

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Commands } from '../../../services/ftp/command.ts';
import { anyLines, mutated } from './lines.ts';
import { createRandom, type Random } from './random.ts';

export interface FuzzTarget {
  readonly port: number;
  readonly commands: Commands;
  /** The lines of a login, those of a wrong one too. */
  readonly logins: readonly (readonly string[])[];
}

/** Milliseconds to wait for an answer: some lines have none. */
const ANSWER_MS = 60;
/** The same for the login: a run of scrypt, on a busy machine. */
const LOGIN_MS = 20_000;
/** For a transfer to end, if it ever does. */
const TRANSFER_MS = 300;
const MAX_TURNS = 15;
const MAX_DATA_BYTES = 100_000;

/** Plays one session, all of it told by the seed, and leaves nothing open. Never rejects, whatever the server does. */
export async function playSession({ port, commands, logins }: FuzzTarget, seed: number): Promise<void> {
  const random = createRandom(seed);
  // Of another address each: failed logins of one must not keep all others out.
  const localAddress = `127.${1 + random.number(250)}.${random.number(250)}.${1 + random.number(250)}`;
  const opened: Socket[] = [];
  const open = (to: number): Socket => {
    const socket = connect({ port: to, host: '127.0.0.1', localAddress, allowHalfOpen: random.chance(0.5) });
    socket.on('error', () => undefined);
    opened.push(socket);
    return socket;
  };

  const control = open(port);
  let speaking: Duplex = control;
  let heard = '';
  let wake = (): void => undefined;
  const hear = (bytes: Buffer): void => {
    heard = (heard + bytes.toString('latin1')).slice(-2000);
    wake();
  };
  control.on('data', hear);
  control.on('close', () => wake());
  const answer = (withinMs = ANSWER_MS): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const say = async (bytes: Buffer): Promise<void> => {
    if (control.destroyed) return;
    if (random.chance(0.1)) {
      const cut = random.number(bytes.length + 1);
      speaking.write(bytes.subarray(0, cut));
      await sleep(random.number(4));
      speaking.write(bytes.subarray(cut));
    } else speaking.write(bytes);
  };
  const protect = (): void => {
    control.off('data', hear);
    speaking = secured(control).on('data', hear);
  };

  await answer(LOGIN_MS);
  for (const line of random.of(logins)) {
    await say(Buffer.from(`${line}\r\n`));
    await answer(LOGIN_MS);
  }
  const turn = async (line: Buffer): Promise<void> => {
    heard = '';
    await say(line);
    if (random.chance(0.9)) await answer();
    if (/^150 [^\n]*\n$/.test(heard) && random.chance(0.8)) await answer(TRANSFER_MS);
    // Else what it goes on to say is no handshake.
    if (heard.startsWith('234') && speaking === control && random.chance(0.8)) protect();
    const passive = /\(\|\|\|(\d+)\|\)/.exec(heard)?.[1] ?? pasvPort(heard);
    if (passive === undefined) return;
    useData(open(Number(passive)), speaking !== control && random.chance(0.6), random);
  };
  for (let left = random.number(MAX_TURNS); left > 0 && !control.destroyed; left -= 1) {
    const isMutated = random.chance(0.4);
    for (const line of anyLines(random, commands)) {
      await turn(isMutated && random.chance(0.5) ? mutated(line, random) : line);
    }
    if (random.chance(0.05)) await beDialled(localAddress, say, random);
  }
  await random.of([
    () => say(Buffer.from('QUIT\r\n')).then(() => answer()),
    async () => void control.end(),
    async () => void control.resetAndDestroy(),
    () => sleep(random.number(100)),
  ])();
  for (const socket of opened) {
    if (random.chance(0.3)) socket.resetAndDestroy();
    else socket.destroy();
  }
}

function pasvPort(heard: string): string | undefined {
  const match = /227 .*\(\d+,\d+,\d+,\d+,(\d+),(\d+)\)/.exec(heard);
  return match ? String(Number(match[1]) * 256 + Number(match[2])) : undefined;
}

/** Only what is over TCP alone can be reset. */
const reset = (data: Socket): unknown =>
  data instanceof TLSSocket ? data.destroy() : data.resetAndDestroy();

const uses: readonly ((data: Socket, random: Random) => unknown)[] = [
  (data, random) => data.end(random.bytes(random.number(2000))),
  (data, random) => data.end(Buffer.alloc(random.number(MAX_DATA_BYTES), 'line\r\n')),
  (data) => data.resume(),
  // Neither read nor written.
  () => undefined,
  (data) => data.destroy(),
  (data) => data.once('connect', () => reset(data)),
  (data, random) => {
    data.write(random.bytes(100));
    setTimeout(() => reset(data), random.number(30));
  },
  (data, random) => data.write(Buffer.concat([Buffer.from('16030100c8', 'hex'), random.bytes(200)])),
];

const useData = (data: Socket, isPrivate: boolean, random: Random): void => {
  if (!isPrivate && random.chance(0.6)) data.resume();
  random.of(uses)(isPrivate ? secured(data) : data, random);
};

const secured = (socket: Socket): Socket =>
  connectTls({ socket, rejectUnauthorized: false }).on('error', () => undefined);

/** PORT to a port that is open, for a moment or until a connection comes. */
async function beDialled(host: string, say: (bytes: Buffer) => Promise<void>, random: Random): Promise<void> {
  const server = createServer((data) => {
    data.on('error', () => undefined);
    useData(data, false, random);
    setTimeout(() => data.destroy(), 200).unref();
  });
  server.listen(0, host);
  await once(server, 'listening').catch(() => undefined);
  const { port } = server.address() as { port: number };
  const numbers = [...host.split('.'), port >> 8, port & 255].join(',');
  await say(Buffer.from(`PORT ${numbers}\r\n`));
  await say(Buffer.from(`${random.of(['LIST', 'STOR a', 'RETR a', 'MLSD', 'ABOR'])}\r\n`));
  if (random.chance(0.7)) await sleep(20);
  server.close();
}

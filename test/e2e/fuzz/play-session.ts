import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Commands } from '../../../services/ftp/command.ts';
import { anyLine, mutated } from './lines.ts';
import { createRandom, type Random } from './random.ts';

export interface FuzzTarget {
  readonly port: number;
  readonly commands: Commands;
  /** The lines of a login, those of a wrong one too. */
  readonly logins: readonly (readonly string[])[];
}

/** Milliseconds to wait for an answer: some lines have none. */
const ANSWER_MS = 60;
const MAX_LINES = 25;
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
  let heard = '';
  let wake = (): void => undefined;
  control.on('data', (bytes: Buffer) => {
    heard = (heard + bytes.toString('latin1')).slice(-2000);
    wake();
  });
  control.on('close', () => wake());
  const answer = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const say = async (bytes: Buffer): Promise<void> => {
    if (control.destroyed) return;
    if (random.chance(0.1)) {
      const cut = random.number(bytes.length + 1);
      control.write(bytes.subarray(0, cut));
      await sleep(random.number(4));
      control.write(bytes.subarray(cut));
    } else control.write(bytes);
  };

  await answer();
  for (const line of random.of(logins)) {
    await say(Buffer.from(`${line}\r\n`));
    await answer();
  }
  for (let left = random.number(MAX_LINES); left > 0 && !control.destroyed; left -= 1) {
    heard = '';
    const line = anyLine(random, commands);
    await say(random.chance(0.25) ? mutated(line, random) : line);
    if (random.chance(0.85)) await answer();
    const passive = /\(\|\|\|(\d+)\|\)/.exec(heard)?.[1] ?? pasvPort(heard);
    if (passive !== undefined) useData(open(Number(passive)), random);
    else if (random.chance(0.05)) await beDialled(localAddress, say, random);
  }
  await random.of([
    () => say(Buffer.from('QUIT\r\n')).then(answer),
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

const uses: readonly ((data: Socket, random: Random) => unknown)[] = [
  (data, random) => data.end(random.bytes(random.number(2000))),
  (data, random) => data.end(Buffer.alloc(random.number(MAX_DATA_BYTES), 'line\r\n')),
  (data) => data.resume(),
  // Neither read nor written.
  () => undefined,
  (data) => data.destroy(),
  (data) => data.once('connect', () => data.resetAndDestroy()),
  (data, random) => {
    data.write(random.bytes(100));
    setTimeout(() => data.resetAndDestroy(), random.number(30));
  },
  (data, random) => data.write(Buffer.concat([Buffer.from('16030100c8', 'hex'), random.bytes(200)])),
];

const useData = (data: Socket, random: Random): void => {
  if (random.chance(0.6)) data.resume();
  random.of(uses)(data, random);
};

/** PORT to a port that is open, for a moment or until a connection comes. */
async function beDialled(host: string, say: (bytes: Buffer) => Promise<void>, random: Random): Promise<void> {
  const server = createServer((data) => {
    data.on('error', () => undefined);
    useData(data, random);
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

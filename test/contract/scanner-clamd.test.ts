import { Buffer } from 'node:buffer';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClamdScanner } from '../../adapters/scanner/clamd.ts';
import { findClamd } from '../../adapters/scanner/clamd-process.ts';
import type { Fault } from '../../core/fault.ts';
import type { Scanner, Verdict } from '../../core/ports/scanner.ts';
import { freePort } from '../support/free-port.ts';
import { testVirus } from '../support/viruses.ts';
import { inChunks, never, testScanner, zeros } from './scanner-contract.ts';

const MIB = 2 ** 20;
const STREAM_MAX_MIB = 70;

let folder: string;
let clamd: ChildProcess;
let port: number;
const host = '127.0.0.1';

async function startClamd(): Promise<void> {
  clamd = spawn(findClamd(), ['-c', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  for (;;) {
    const answer = await createClamdScanner({ host, port })
      .version()
      .catch(() => undefined);
    if (answer) return;
    if (clamd.exitCode !== null) throw new Error('clamd did not start');
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scanner-clamd-'));
  mkdirSync(join(folder, 'tmp'));
  port = await freePort();
  const signatures = join(import.meta.dirname, '../../adapters/scanner/test-signatures');
  const lines = [
    'Foreground yes',
    'TCPAddr 127.0.0.1',
    `TCPSocket ${port}`,
    `DatabaseDirectory ${signatures}`,
    `TemporaryDirectory ${join(folder, 'tmp')}`,
    `StreamMaxLength ${STREAM_MAX_MIB}M`,
    'AlertEncrypted yes',
    'AlertExceedsMax yes',
    'MaxFiles 3',
  ];
  writeFileSync(join(folder, 'clamd.conf'), `${lines.join('\n')}\n`);
  await startClamd();
});

afterAll(() => {
  clamd.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** The first verdict, as the pipeline gets it: a reply that a reset has cut off is asked for again. */
async function verdictOf(scanner: Scanner, bytes: () => AsyncIterable<Buffer>): Promise<Verdict> {
  for (;;) {
    const verdict = await scanner.scan(bytes(), never).catch((thrown: Fault) => {
      if (thrown.detail !== 'connection failed (ECONNRESET)' && thrown.detail !== 'connection failed (EPIPE)')
        throw thrown;
    });
    if (verdict) return verdict;
  }
}

testScanner('clamd over TCP', () => createClamdScanner({ host, port }));

describe('limits and failures of clamd', () => {
  test('a file over its StreamMaxLength cannot be scanned, however its chunks come', async () => {
    for (let round = 0; round < 10; round += 1) {
      const verdict = await verdictOf(createClamdScanner({ host, port }), () =>
        zeros((STREAM_MAX_MIB + 1) * MIB),
      );
      expect(verdict).toEqual({ kind: 'unscannable', reason: 'it is larger than the scanner takes' });
    }
  });

  test('killed in the middle of a file: no verdict', async () => {
    async function* killing() {
      yield* zeros(MIB);
      const died = once(clamd, 'exit');
      clamd.kill('SIGKILL');
      await died;
      yield Buffer.from('the rest');
    }
    const scan = createClamdScanner({ host, port }).scan(killing(), never);
    await expect(scan).rejects.toMatchObject({ code: 'scanner-down' });
    await expect(createClamdScanner({ host, port }).version()).rejects.toMatchObject({
      code: 'scanner-down',
    });
    await startClamd();
  });

  test('killed after the last byte: no verdict', async () => {
    clamd.kill('SIGSTOP');
    const scan = createClamdScanner({ host, port }).scan(inChunks(testVirus), never);
    const failed = expect(scan).rejects.toMatchObject({ code: 'scanner-down' });
    clamd.kill('SIGKILL');
    await failed;
    await startClamd();
  });

  test('hung: no verdict, after the time it has', async () => {
    clamd.kill('SIGSTOP');
    try {
      const waiting = createClamdScanner({ host, port, replyMs: 200 });
      await expect(waiting.scan(inChunks(testVirus), never)).rejects.toMatchObject({
        code: 'scanner-down',
        detail: 'nothing for 200 ms while waiting for its reply',
      });
      const sending = createClamdScanner({ host, port, stallMs: 200 });
      await expect(sending.scan(zeros(64 * MIB), never)).rejects.toMatchObject({
        code: 'scanner-down',
        detail: 'nothing for 200 ms while sending',
      });
      const whole = createClamdScanner({ host, port, wholeMs: 200 });
      await expect(whole.scan(inChunks(testVirus), never)).rejects.toMatchObject({
        code: 'scanner-down',
        detail: 'no verdict within 200 ms',
      });
      await expect(waiting.version()).rejects.toMatchObject({ code: 'scanner-down' });
    } finally {
      clamd.kill('SIGCONT');
    }
    expect(await createClamdScanner({ host, port }).scan(inChunks(), never)).toEqual({ kind: 'clean' });
  });
});

describe('what a server may answer', () => {
  let server: Server;
  afterEach(() => server.close());

  /** Answers what it is told as soon as INSTREAM's end has come, or at once; then closes. */
  async function scannerThat(answer: (socket: Socket) => void, when: 'end' | 'begin' = 'end') {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      let received = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]).subarray(-100);
        if (when === 'begin' || received.subarray(-4).equals(Buffer.alloc(4))) answer(socket);
      });
    });
    server.listen(0, host);
    await once(server, 'listening');
    const { port: at } = server.address() as AddressInfo;
    return createClamdScanner({ host, port: at });
  }

  test('the form of a clean reply is known to the last character', async () => {
    const scanner = await scannerThat((socket) => socket.end('stream: OK\0'));
    expect(await scanner.scan(inChunks(Buffer.from('a')), never)).toEqual({ kind: 'clean' });
  });

  test.each([
    ['nothing', ''],
    ['a lone end', '\0'],
    ['OK', 'OK\0'],
    ['another command’s', 'PONG\0'],
    ['one that is cut', 'stream: OK'],
    ['one with a line feed', 'stream: OK\n\0'],
    ['one with more', 'stream: OK FOUNDATION\0'],
    ['an error', 'stream: OK ERROR\0'],
    ['in small letters', 'stream: ok\0'],
    ['a finding without a name', 'stream:  FOUND\0'],
    ['memory', "Can't allocate memory ERROR\0"],
    ['an end too far', 'x'.repeat(5000)],
    ['after another', 'stream: ERROR\0stream: OK\0'],
  ])('%s is no verdict', async (_what, reply) => {
    const scanner = await scannerThat((socket) => socket.end(Buffer.from(reply)));
    await expect(scanner.scan(inChunks(Buffer.from('a')), never)).rejects.toMatchObject({
      code: 'scanner-down',
    });
  });

  test.each([
    ['Heuristics.Limits.Exceeded.MaxFileSize', "the scanner's limits are exceeded (MaxFileSize)"],
    ['Heuristics.Encrypted.Zip', 'it is encrypted (Zip)'],
  ])('%s cannot be scanned', async (name, reason) => {
    const scanner = await scannerThat((socket) => socket.end(`stream: ${name} FOUND\0`));
    expect(await scanner.scan(inChunks(), never)).toEqual({ kind: 'unscannable', reason });
  });

  test('a pass before the end of the file is no verdict', async () => {
    const scanner = await scannerThat((socket) => socket.end('stream: OK\0'), 'begin');
    await expect(scanner.scan(zeros(8 * MIB), never)).rejects.toMatchObject({ code: 'scanner-down' });
  });

  test('a refusal before the end counts, and the rest is not read', async () => {
    const scanner = await scannerThat(
      (socket) => socket.end('INSTREAM size limit exceeded. ERROR\0'),
      'begin',
    );
    async function* endless() {
      for (;;) yield Buffer.alloc(1000);
    }
    for (let round = 0; round < 100; round += 1) {
      expect(await verdictOf(scanner, endless)).toMatchObject({ kind: 'unscannable' });
    }
  });

  test('a reply that has been read stands, whatever becomes of the connection', async () => {
    const scanner = await scannerThat((socket) => {
      socket.write('stream: a FOUND\0');
      setImmediate(() => socket.resetAndDestroy());
    });
    expect(await scanner.scan(inChunks(), never)).toMatchObject({ kind: 'infected' });
  });

  test('a reset is no verdict', async () => {
    const scanner = await scannerThat((socket) => socket.resetAndDestroy());
    await expect(scanner.scan(inChunks(), never)).rejects.toMatchObject({ code: 'scanner-down' });
  });

  test('a name is made fit to print, and cut', async () => {
    const scanner = await scannerThat((socket) =>
      socket.end(`stream: a\r\n\x1b[1m${'b'.repeat(900)} FOUND\0`),
    );
    expect(await scanner.scan(inChunks(), never)).toEqual({
      kind: 'infected',
      signature: `a???[1m${'b'.repeat(193)}`,
    });
  });

  test('another program’s version is none', async () => {
    const scanner = await scannerThat((socket) => socket.end('220 ftp ready\r\n\0'), 'begin');
    await expect(scanner.version()).rejects.toMatchObject({ code: 'scanner-down' });
  });
});

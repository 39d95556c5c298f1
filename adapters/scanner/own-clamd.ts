import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { Fault } from '../../core/fault.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Scanner } from '../../core/ports/scanner.ts';
import { createClamdScanner } from './clamd.ts';
import { askClamd } from './clamd-connection.ts';
import { makeClamdFolder } from './clamd-folder.ts';
import { findClamd, startClamd } from './clamd-process.ts';

export interface OwnClamd {
  readonly scanner: Scanner;
  /** No real virus is found: there is no signature database yet. To be told to whoever starts Landfall. */
  readonly testSignatures: boolean;
  stop(): Promise<void>;
}

const SECOND_MS = 1_000;
/** A scan waits so long for a clamd that loads its database, which takes half a minute; then it is held. */
const READY_MS = 60 * SECOND_MS;
const PING_EVERY_MS = 50;
const PING_TIMEOUTS = { connectMs: SECOND_MS, stallMs: SECOND_MS, replyMs: SECOND_MS };
/** Waits before a clamd that ended is started again; the last one repeats. */
const RESTART_MS = [SECOND_MS / 4, SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS];
/** One that ran so long was healthy: the waits begin anew. */
const HEALTHY_MS = 60 * SECOND_MS;

/**
 * Starts a clamd of our own on a unix socket, starts it again when it ends, and stops it with us. Resolves before it
 * is ready: scans wait for that. `folder` is for its files; `signatures` is freshclam's database, if there is one.
 * Throws `bad-argument` where clamd is not installed.
 */
export async function startOwnClamd(options: {
  folder: string;
  signatures: string;
  log: Log;
}): Promise<OwnClamd> {
  const { log } = options;
  const program = findClamd();
  const folder = await makeClamdFolder(options.folder, options.signatures);
  const address = { path: folder.socket };
  const clamd = createClamdScanner(address);
  const stop = new AbortController();
  const start = () => startClamd(program, folder, (line) => log.debug({ line }, 'clamd says'));

  let running = start();
  let ready = false;

  const keepRunning = async (): Promise<void> => {
    let failures = 0;
    while (true) {
      const startedAt = performance.now();
      const reason = await running.ended;
      ready = false;
      if (stop.signal.aborted) return;
      failures = performance.now() - startedAt > HEALTHY_MS ? 1 : failures + 1;
      const restartMs = RESTART_MS[Math.min(failures, RESTART_MS.length) - 1]!;
      log.warn({ reason, restartMs }, 'clamd ended; files are held until it is back');
      await setTimeout(restartMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      running = start();
    }
  };
  const kept = keepRunning();

  const untilReady = async (signal: AbortSignal): Promise<void> => {
    const over = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(READY_MS)]);
    while (!ready) {
      if (over.aborted) throw new Fault('scanner-down', 'clamd is not ready');
      ready = (await askClamd(address, 'PING', PING_TIMEOUTS, over).catch(() => '')) === 'PONG';
      if (!ready) await setTimeout(PING_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    }
  };

  return {
    testSignatures: folder.testSignatures,
    scanner: {
      async scan(bytes, signal) {
        await untilReady(signal);
        return await clamd.scan(bytes, signal);
      },
      async version() {
        await untilReady(stop.signal);
        return await clamd.version();
      },
    },
    async stop() {
      stop.abort();
      await running.stop();
      await kept;
      await rm(folder.path, { recursive: true, force: true });
    },
  };
}

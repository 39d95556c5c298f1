import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePorts } from '../../../adapters/choose.ts';
import { readConfig } from '../../../core/config.ts';
import { pipeline, stageNames } from '../../../core/pipeline.ts';
import { startLandfall } from '../../support/landfall-process.ts';
import { quietLog } from '../../support/quiet-log.ts';
import type { Attempts } from '../crash/attempts.ts';
import { outcomeOf } from '../crash/outcome.ts';
import { startSharedClamd } from '../lab.ts';
import { type Fleet, startFleet } from './fleet.ts';

/** A fleet whose partner's files go all the way to two targets, by workers of their own. */
export interface FeedingFleet extends Fleet {
  /** What is not as it was promised, when all queues are empty. */
  problems(attempts: Attempts): Promise<readonly string[]>;
}

/** An announcement of nothing is dropped after a minute; a stage that failed three times is tried again after five. */
const DRAIN_MS = 480_000;
const LOOK_MS = 200;
const queues = stageNames.map((stage) => pipeline[stage].queue);
const today = (): string => new Date().toISOString().slice(0, 10);

/** `env`: of the listeners. */
export async function startFeedingFleet(env: Record<string, string>): Promise<FeedingFleet> {
  const startedOn = today();
  const fleet = await startFleet({
    env,
    partner: (delivered) => ({
      ftp: { resumption: 'required' },
      feeds: [
        {
          name: 'files',
          path: '/in/**',
          deliver: [
            { to: 'folder', name: 'folder', path: join(delivered, 'files') },
            { to: 'store', name: 'store', prefix: 'archive/files' },
          ],
        },
      ],
    }),
  });
  const clamd = await startSharedClamd(join(fleet.data.path, 'clamav'));
  const own = {
    LANDFALL_DATA: fleet.data.path,
    LANDFALL_SCANNER: clamd.setting,
  };
  const worker = await startLandfall({ dataFolder: fleet.data.path, main: 'workers/main.ts', env: own });

  return {
    ...fleet,
    async problems(attempts) {
      const { store, queue, close } = await choosePorts(readConfig(own), quietLog);
      try {
        const until = Date.now() + DRAIN_MS;
        const left = async (): Promise<number> => {
          const depths = await Promise.all(queues.map((name) => queue.depth(name)));
          return depths.reduce((sum, { waiting, inFlight }) => sum + waiting + inFlight, 0);
        };
        while ((await left()) > 0) {
          if (Date.now() > until) throw new Error('the queues do not run empty');
          await sleep(LOOK_MS);
        }
        const days = [...new Set([startedOn, today()])];
        const places = { store, feeds: ['files'], delivered: fleet.data.delivered, days };
        return (await outcomeOf(places, attempts)).problems;
      } finally {
        await close();
      }
    },
    async stop() {
      await worker.kill();
      await clamd.stop();
      await fleet.stop();
    },
  };
}

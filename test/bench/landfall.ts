import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteQueue } from '../../adapters/queue/sqlite/queue.ts';
import { hashPassword } from '../../core/password.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Certificate, Server } from './server.ts';

const LOOK_MS = 20;
/** Looks until it must be ready: twenty seconds. */
const MAX_LOOKS = 1_000;
const PASSWORD = 'secret';

export interface Kind {
  readonly name: string;
  readonly env: Record<string, string>;
}

/** What a run with and without the pipeline is: the workers share the processor with the listener. */
export const kinds: readonly Kind[] = [
  {
    name: 'landfall, listener',
    env: { LANDFALL_WORKERS: '0', LANDFALL_FTP_PASSIVE_PORTS: '31000-31399' },
  },
  { name: 'landfall, workers too', env: { LANDFALL_FTP_PASSIVE_PORTS: '31400-31799' } },
];

/** A feed that takes all and delivers nothing: validate and route run where there are workers. */
const partnerText = async (): Promise<string> => `name: bench
logins:
  - user: bench
    password: ${await hashPassword(PASSWORD)}
limits:
  sessions: 2000
feeds:
  - name: all
    path: /**
    scan: off
`;

/** Landfall as `npm start` runs it, its log in a file. */
export async function startLandfall(
  folder: string,
  { name, env }: Kind,
  { crt }: Certificate,
): Promise<Server> {
  const data = `${folder}/data`;
  await mkdir(`${data}/partners`, { recursive: true });
  await writeFile(`${data}/partners/bench.yaml`, await partnerText());
  const log = await open(`${folder}/log`, 'w');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'services/main.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      LANDFALL_DATA: data,
      LANDFALL_FTP_PORT: '0',
      LANDFALL_TLS_CERTIFICATES: dirname(crt),
      // All clients are at one address here.
      LANDFALL_MAX_SESSIONS_PER_ADDRESS: '2000',
      LANDFALL_LOG: 'json',
      // Never dialled, as no feed is scanned; one of its own would take a while to start.
      LANDFALL_SCANNER: `clamd:${folder}/no-clamd`,
      ...env,
    },
    stdio: ['ignore', log.fd, 'inherit'],
  });
  await once(child, 'spawn');
  await log.close();
  const exited = once(child, 'exit');
  const port = await readyPort(`${folder}/log`);
  const queue = await openSqliteQueue({ file: `${data}/queue.db` });
  const hasWorkers = env.LANDFALL_WORKERS !== '0';

  const isBusy = async (): Promise<boolean> => {
    for (const stage of Object.values(pipeline)) {
      const { waiting, inFlight } = await queue.depth(stage.queue);
      if (waiting + inFlight > 0) return true;
    }
    return false;
  };

  return {
    name,
    pid: child.pid!,
    port,
    user: 'bench',
    password: PASSWORD,
    speaksTls: true,
    async settled() {
      while (hasWorkers && (await isBusy())) await sleep(LOOK_MS);
    },
    async forgetLarge() {
      // No command frees the space at once: what is removed stays for the pipeline.
      const place = `${data}/store/objects/files/bench/in`;
      // There is none before the first upload.
      for (const entry of await readdir(place).catch(() => [])) {
        if (!entry.startsWith('large')) continue;
        await rm(await realpath(`${place}/${entry}`));
        await rm(`${place}/${entry}`);
      }
    },
    async stop() {
      await queue.close();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function readyPort(logFile: string): Promise<number> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    for (const line of (await readFile(logFile, 'utf8')).split('\n').slice(0, -1)) {
      const { event, ftp } = JSON.parse(line);
      if (event === 'ready') return ftp.port;
    }
    await sleep(LOOK_MS);
  }
  throw new Error(`Landfall is not ready; see ${logFile}`);
}

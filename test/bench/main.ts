import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificate } from './certificate.ts';
import { engineBenches } from './engines/all.ts';
import { showRatio, showSpread, showTable } from './figures.ts';
import { kinds, startLandfall } from './landfall.ts';
import { type Measure, measures, type Sizes, type Taken, take } from './measures.ts';
import { peers } from './peers/all.ts';
import type { Server } from './server.ts';

/**
 * `npm run bench`: Landfall beside other FTP servers, on the same disk, by the same clients, in turns. `--quick` for a
 * short run, `--rounds N` for more or fewer, `--only TEXT` for the measures whose name has it, `--peers vsftpd,ftp-srv`
 * for some of the peers. `--only s3` and `--only queues` measure the engines instead, which need no FTP server beside
 * them, and `--only relay` several listeners.
 */
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    peers: { type: 'string' },
  },
});

const ENGINE_ROUNDS = 3;
const engineBench = engineBenches[flags.only ?? ''];
if (engineBench) {
  await engineBench({ quick: flags.quick === true, rounds: Number(flags.rounds ?? ENGINE_ROUNDS) });
  process.exit();
}

const MIB = 2 ** 20;
const CROWD_BYTES = 10 * MIB;
const lengths = {
  whole: {
    rounds: 5,
    largeBytes: 1024 * MIB,
    smallFiles: 1_000,
    logins: 200,
    crowd: 300,
    idleSessions: 1_000,
  },
  quick: { rounds: 3, largeBytes: 256 * MIB, smallFiles: 200, logins: 50, crowd: 50, idleSessions: 200 },
};

/** Bytes that no file system and no network can make fewer; answers the seconds that their SHA-256 takes. */
async function writeRandomFile(path: string, bytes: number): Promise<number> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(MIB);
  const hash = createHash('sha256');
  let hashingMs = 0;
  for (let written = 0; written < bytes; written += block.length) {
    randomFillSync(block);
    const start = performance.now();
    hash.update(block);
    hashingMs += performance.now() - start;
    await file.write(block);
  }
  await file.close();
  return hashingMs / 1000;
}

/** Rows of one measure: its figure, a rate with the time that the disk needs, the processor's time. */
function rowsOf(measure: Measure, sizes: Sizes, [own, ...others]: readonly Taken[][]): string[][] {
  const row = (title: string, figure: (taken: Taken) => number): string[] => {
    const ours = own!.map(figure);
    const cells = others.flatMap((rounds) => {
      const theirs = rounds.map(figure);
      return [showSpread(theirs), showRatio(ours, theirs)];
    });
    return [title, showSpread(ours), ...cells];
  };
  const { name, unit, writes, amount: amountOf } = measure;
  if (!amountOf) return [row(`${name}, ${unit}`, ({ answer }) => answer)];
  const amount = amountOf(sizes);
  return [
    row(`${name}, ${unit}`, ({ answer: seconds }) => amount / seconds),
    ...(writes
      ? [row('  and on the disk', ({ answer: seconds, syncSeconds }) => amount / (seconds + syncSeconds))]
      : []),
    row('  CPU of the server, s', ({ cpuSeconds }) => Math.max(cpuSeconds, 0.01)),
  ];
}

const HEADING = `
Medians of the rounds (least-most). Beside each other server: the ratio of the first Landfall, which is the listener
alone, to it. For rates more is better, for CPU and memory less. No peer syncs an upload or computes its digest; "and on
the disk" adds the time of a sync of the file system to every server's time. Landfall has synced before it replies, and
announced each file durably.
`;

/** The peers that were asked for and can run here. */
function chosenPeers() {
  const named = flags.peers?.split(',');
  return peers.filter(({ name, needsRoot }) => {
    if (named && !named.includes(name)) return false;
    const canRun = !needsRoot || process.getuid?.() === 0;
    if (!canRun) process.stderr.write(`Without ${name}: it starts as root only\n`);
    return canRun;
  });
}

const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-'));
const servers: Server[] = [];

interface Contender {
  readonly name: string;
  start(place: string): Promise<Server>;
}

/** In a folder of its own. */
async function startIn(place: string, { start }: Contender): Promise<Server> {
  await mkdir(place);
  const server = await start(place);
  servers.push(server);
  return server;
}

async function stopAll(): Promise<void> {
  for (const server of servers.splice(0)) await server.stop();
}

try {
  const { rounds, ...lengthsOf } = flags.quick ? lengths.quick : lengths.whole;
  const files = { largeFile: `${folder}/large`, crowdFile: `${folder}/crowd`, crowdBytes: CROWD_BYTES };
  const sizes: Sizes = { ...lengthsOf, ...files };
  const roundCount = flags.rounds ? Number(flags.rounds) : rounds;
  const wanted = measures.filter(({ name }) => name.includes(flags.only ?? ''));
  const hashSeconds = await writeRandomFile(sizes.largeFile, sizes.largeBytes);
  await writeRandomFile(sizes.crowdFile, sizes.crowdBytes);
  const certificate = await makeCertificate(`${folder}/certificates`);

  const contenders: Contender[] = [
    ...kinds.map((kind) => ({
      name: kind.name,
      start: (place: string) => startLandfall(place, kind, certificate),
    })),
    ...chosenPeers().map((peer) => ({
      name: peer.name,
      start: (place: string) => peer.start(place, certificate),
    })),
  ];
  for (const [index, contender] of contenders.entries()) await startIn(`${folder}/${index}`, contender);

  const taken = wanted.map(() => contenders.map((): Taken[] => []));
  // A round before the first, which is not counted: it fills caches and warms up compilers.
  for (let round = -1; round < roundCount; round += 1) {
    process.stderr.write(`\r${round < 0 ? 'Warming up' : `Round ${round + 1} of ${roundCount}`}`);
    for (const [row, measure] of wanted.entries()) {
      if (measure.fresh) continue;
      for (let turn = 0; turn < servers.length; turn += 1) {
        const index = (turn + round + 1) % servers.length;
        const server = servers[index]!;
        if (measure.needsTls && !server.speaksTls) continue;
        const figures = await take(measure, server, sizes, round, folder);
        if (round >= 0) taken[row]![index]!.push(figures);
      }
    }
    for (const server of servers) await server.forgetLarge();
  }
  // Those of one kind share their ports.
  await stopAll();
  for (const [row, measure] of wanted.entries()) {
    if (!measure.fresh) continue;
    for (const [index, contender] of contenders.entries()) {
      const server = await startIn(`${folder}/${index}-${row}`, contender);
      taken[row]![index]!.push(await take(measure, server, sizes, 0, folder));
      await stopAll();
    }
  }

  const columns = contenders.slice(1).flatMap(({ name }) => [name, 'ratio']);
  const rows = wanted.flatMap((measure, row) => rowsOf(measure, sizes, taken[row]!));
  process.stderr.write('\r');
  console.log(
    `${availableParallelism()} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
  );
  console.log(
    `${roundCount} rounds; a large file of ${sizes.largeBytes / MIB} MiB, ${sizes.smallFiles} small ones of 1 KiB;\na crowd of ${sizes.crowd} clients with ${CROWD_BYTES / MIB} MiB each; ${sizes.idleSessions} idle sessions`,
  );
  console.log(`SHA-256 of the large file by itself takes ${hashSeconds.toFixed(2)} s`);
  console.log(HEADING);
  console.log(showTable([['', contenders[0]!.name, ...columns], ...rows]));
} finally {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
}

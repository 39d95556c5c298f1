import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { showRatio, showSpread, showTable } from './figures.ts';
import { kinds, startLandfall } from './landfall.ts';
import { type Measure, measures, type Sizes, type Taken, take } from './measures.ts';
import type { Server } from './server.ts';
import { startVsftpd } from './vsftpd.ts';

/**
 * `npm run bench`: Landfall beside vsftpd, on the same disk, by the same clients, in turns. `--quick` for a short
 * run, `--rounds N` for more or fewer, `--only TEXT` for the measures whose name has it.
 */
const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string' } },
});

const MIB = 2 ** 20;
const lengths = {
  whole: { rounds: 5, largeBytes: 1024 * MIB, smallFiles: 1_000, logins: 200 },
  quick: { rounds: 3, largeBytes: 256 * MIB, smallFiles: 200, logins: 50 },
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

/** Rows of one measure: its rate, the rate with the time that the disk needs, the processor's time. */
function rowsOf(measure: Measure, sizes: Sizes, byServer: readonly Taken[][]): string[][] {
  const row = (title: string, figure: (taken: Taken) => number): string[] => {
    const [peer, ...own] = byServer.map((rounds) => rounds.map(figure)) as [number[], ...number[][]];
    return [
      title,
      showSpread(peer),
      ...own.flatMap((values) => [showSpread(values), showRatio(values, peer)]),
    ];
  };
  const amount = measure.amount(sizes);
  const { name, unit, writes } = measure;
  return [
    row(`${name}, ${unit}`, ({ seconds }) => amount / seconds),
    ...(writes
      ? [row('  and on the disk', ({ seconds, syncSeconds }) => amount / (seconds + syncSeconds))]
      : []),
    row('  CPU of the server, s', ({ cpuSeconds }) => Math.max(cpuSeconds, 0.01)),
  ];
}

const HEADING = `
Medians of the rounds (least-most), and ratios to vsftpd: for rates more is better, for CPU less. vsftpd neither
syncs an upload nor computes its digest; "and on the disk" adds the time of a sync of the file system to every server's
time. Landfall has synced before it replies, and announced each file durably.
`;

const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-'));
const servers: Server[] = [];
try {
  const { rounds, ...lengthsOf } = flags.quick ? lengths.quick : lengths.whole;
  const sizes: Sizes = { ...lengthsOf, largeFile: `${folder}/large` };
  const roundCount = flags.rounds ? Number(flags.rounds) : rounds;
  const wanted = measures.filter(({ name }) => name.includes(flags.only ?? ''));
  const hashSeconds = await writeRandomFile(sizes.largeFile, sizes.largeBytes);

  await mkdir(`${folder}/vsftpd`);
  servers.push(await startVsftpd(`${folder}/vsftpd`));
  for (const [index, kind] of kinds.entries()) {
    const place = `${folder}/landfall-${index}`;
    await mkdir(place);
    servers.push(await startLandfall(place, kind));
  }

  const taken = wanted.map(() => servers.map((): Taken[] => []));
  // A round before the first, which is not counted: it fills caches and warms up compilers.
  for (let round = -1; round < roundCount; round += 1) {
    process.stderr.write(`\r${round < 0 ? 'Warming up' : `Round ${round + 1} of ${roundCount}`}`);
    for (const [row, measure] of wanted.entries()) {
      for (let turn = 0; turn < servers.length; turn += 1) {
        const index = (turn + round + 1) % servers.length;
        const figures = await take(measure, servers[index]!, sizes, round, folder);
        if (round >= 0) taken[row]![index]!.push(figures);
      }
    }
    for (const server of servers) await server.forgetLarge();
  }

  const columns = servers.slice(1).flatMap(({ name }) => [name, 'ratio']);
  const rows = wanted.flatMap((measure, row) => rowsOf(measure, sizes, taken[row]!));
  process.stderr.write('\r');
  console.log(
    `${availableParallelism()} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
  );
  console.log(
    `${roundCount} rounds; a large file of ${sizes.largeBytes / MIB} MiB, ${sizes.smallFiles} small ones of 1 KiB`,
  );
  console.log(`SHA-256 of the large file by itself takes ${hashSeconds.toFixed(2)} s`);
  console.log(HEADING);
  console.log(showTable([['', servers[0]!.name, ...columns], ...rows]));
} finally {
  for (const server of servers) await server.stop();
  await rm(folder, { recursive: true, force: true });
}

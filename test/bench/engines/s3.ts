import { randomFillSync } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDataFolder, PASSWORD, USER } from '../../e2e/lab.ts';
import { type LandfallProcess, peakMemory, startLandfall } from '../../support/landfall-process.ts';
import { settledCpuSeconds } from '../cpu-time.ts';
import { showRatio, showSpread, showTable } from '../figures.ts';
import { runProgram } from '../run-program.ts';
import type { EngineBench } from './engine-bench.ts';
import { type BenchStore, NODE, startBenchRadosgw, startDiscardingStore } from './s3-servers.ts';

const MIB = 2 ** 20;
/** As the store does it: adapters/store/s3/store.ts and part-sink.ts. */
const PART_BYTES = 10 * MIB;
const PARTS_IN_FLIGHT = 4;
const SMALL_BYTES = 1024;
const SESSIONS = 16;
const CROWD = 100;
/** LANDFALL_MEMORY, and the store's memory for uploads. */
const BUDGET_BYTES = (64 + 256) * MIB;

interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Sizes {
  readonly file: string;
  readonly largeBytes: number;
  readonly smallFiles: number;
  readonly crowdBytes: number;
}

/** The AWS SDK alone, in a process of its own. */
async function sdk({ endpoint, bucket, keys }: BenchStore, prefix: string, ...args: (string | number)[]) {
  const [program, ...flags] = NODE;
  const script = join(import.meta.dirname, 'sdk-process.ts');
  const assigned = Object.entries(keys).map(([name, value]) => `${name}=${value}`);
  const all = [...assigned, program, ...flags, script, endpoint, bucket, prefix, ...args.map(String)];
  return JSON.parse(await runProgram('env', all)) as Taken;
}

async function throughLandfall({ child }: LandfallProcess, run: () => Promise<number>): Promise<Taken> {
  const before = await settledCpuSeconds(child.pid!);
  const seconds = await run();
  return { seconds, cpuSeconds: (await settledCpuSeconds(child.pid!)) - before };
}

const login = `${USER}:${PASSWORD}`;

async function curlUp({ ftp }: LandfallProcess, file: string, name: string): Promise<number> {
  const began = performance.now();
  const url = `ftp://127.0.0.1:${ftp.port}/in/${name}`;
  await runProgram('curl', [
    '--silent',
    '--show-error',
    '--fail',
    '--user',
    login,
    '--upload-file',
    file,
    url,
  ]);
  return (performance.now() - began) / 1_000;
}

async function smallUp({ ftp }: LandfallProcess, count: number, prefix: string): Promise<number> {
  const script = join(import.meta.dirname, '../small_files.py');
  const numbers = [count, SESSIONS, SMALL_BYTES].map(String);
  const args = [script, 'put', String(ftp.port), USER, PASSWORD, ...numbers, prefix];
  return Number(await runProgram('python3', args));
}

/** Rows of one measure: Landfall, the SDK alone, and the one by the other. */
function rowsOf(name: string, amount: number, unit: string, own: Taken[], limit: Taken[]): string[][] {
  const row = (title: string, figure: (taken: Taken) => number): string[] => {
    const [ours, theirs] = [own.map(figure), limit.map(figure)];
    return [title, showSpread(ours), showSpread(theirs), showRatio(ours, theirs)];
  };
  return [
    row(`${name}, ${unit}`, ({ seconds }) => amount / seconds),
    row('  CPU, s', ({ cpuSeconds }) => cpuSeconds),
  ];
}

async function measure(
  store: BenchStore,
  { file, largeBytes, smallFiles, crowdBytes }: Sizes,
  rounds: number,
): Promise<string[][]> {
  const data = await makeDataFolder(() => ({ feeds: [{ name: 'all', path: '/**', scan: 'off' }] }));
  const url = `s3://${store.bucket}/landfall?endpoint=${encodeURIComponent(store.endpoint)}`;
  const landfall = await startLandfall({
    dataFolder: data.path,
    // Never dialled, as no feed is scanned.
    env: {
      ...store.keys,
      LANDFALL_STORE: url,
      LANDFALL_WORKERS: '0',
      LANDFALL_FTP_PASSIVE_PORTS: '31900-31949',
    },
  });
  const atReady = await residentBytes(landfall.child.pid!);
  const taken: Record<'large' | 'small', [Taken[], Taken[]]> = { large: [[], []], small: [[], []] };
  try {
    // A round before the first, which is not counted, warms up.
    for (let round = -1; round < rounds; round += 1) {
      const large = await throughLandfall(landfall, () => curlUp(landfall, file, `large-${round}`));
      const largeSdk = await sdk(store, `sdk-${round}`, 'large', largeBytes, PART_BYTES, PARTS_IN_FLIGHT);
      const small = await throughLandfall(landfall, () => smallUp(landfall, smallFiles, `small-${round}`));
      const smallSdk = await sdk(store, `sdk-${round}`, 'small', smallFiles, SMALL_BYTES, SESSIONS);
      if (round < 0) continue;
      for (const [index, one] of [large, largeSdk].entries()) taken.large[index]!.push(one);
      for (const [index, one] of [small, smallSdk].entries()) taken.small[index]!.push(one);
    }
    const part = join(data.path, 'crowd');
    await runProgram('sh', ['-c', 'head -c "$1" "$2" > "$3"', 'sh', String(crowdBytes), file, part]);
    await Promise.all(Array.from({ length: CROWD }, (_, index) => curlUp(landfall, part, `crowd-${index}`)));
    const peak = await peakMemory(landfall.child.pid!);
    const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
    return [
      [store.name, 'Landfall', 'the SDK alone', 'ratio'],
      ...rowsOf(`one file of ${largeBytes / MIB} MiB`, largeBytes / MIB, 'MiB/s', ...taken.large),
      ...rowsOf(`${smallFiles} files of 1 KiB, ${SESSIONS} at once`, smallFiles, 'files/s', ...taken.small),
      [`${CROWD} x ${crowdBytes / MIB} MiB at once: peak memory, MiB`, mib(peak), '', ''],
      ['  the budget, and what was resident at ready', `${mib(BUDGET_BYTES)} + ${mib(atReady)}`, '', ''],
    ];
  } finally {
    await landfall.kill();
    await data.remove();
  }
}

/** Resident memory of a process, in bytes (proc_pid_status(5), VmRSS). */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function writeRandomFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(MIB);
  for (let written = 0; written < bytes; written += block.length) await file.write(randomFillSync(block));
  await file.close();
}

const HEADING = `
Uploads to S3: FTP through Landfall, the listener alone, beside the AWS SDK putting as many bytes from its memory to the
same server, with the same size of parts and as many of them in flight. Medians of the rounds (least-most).
`;

/** FTP uploads into a real store, and into one that discards: there the sender's own work is all that counts. */
export const benchS3: EngineBench = async ({ quick, rounds }) => {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-s3-'));
  const largeBytes = (quick ? 256 : 1024) * MIB;
  const sizes = {
    file: join(folder, 'large'),
    largeBytes,
    smallFiles: quick ? 400 : 2_000,
    crowdBytes: (quick ? 4 : 16) * MIB,
  };
  await writeRandomFile(sizes.file, largeBytes);
  console.log(HEADING);
  for (const start of [startDiscardingStore, startBenchRadosgw]) {
    const store = await start({ quick });
    try {
      console.log(`${showTable(await measure(store, sizes, rounds))}\n`);
    } finally {
      await store.stop();
    }
  }
  await rm(folder, { recursive: true });
};

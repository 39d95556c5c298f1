import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDataFolder, PASSWORD, USER } from '../../e2e/lab.ts';
import { type LandfallFleet, startLandfallFleet } from '../../support/landfall-fleet.ts';
import { settledCpuSeconds } from '../cpu-time.ts';
import type { BenchLengths, EngineBench } from '../engines/engine-bench.ts';
import { showRatio, showSpread, showTable } from '../figures.ts';
import { runProgram } from '../run-program.ts';

const MIB = 2 ** 20;
const SMALL_BYTES = 1024;
const PASSIVE_PORTS = 10;
const MAX_LISTENERS = 3;
/** Connections of the throughput of several listeners. */
const CONNECTIONS = 12;

interface Measure {
  readonly name: string;
  readonly action: 'put' | 'get';
  readonly file: 'large' | 'small';
  readonly connections: number;
  /** What is counted: files, or MiB. */
  readonly unit: 'files/s' | 'MiB/s';
}

const measures: readonly Measure[] = [
  { name: 'large files up', action: 'put', file: 'large', connections: 1, unit: 'MiB/s' },
  { name: 'large files down', action: 'get', file: 'large', connections: 1, unit: 'MiB/s' },
  { name: 'small files up', action: 'put', file: 'small', connections: 1, unit: 'files/s' },
  { name: 'small files down', action: 'get', file: 'small', connections: 1, unit: 'files/s' },
];

const crowds: readonly Measure[] = [
  { name: 'large files up', action: 'put', file: 'large', connections: CONNECTIONS, unit: 'MiB/s' },
  { name: 'large files down', action: 'get', file: 'large', connections: CONNECTIONS, unit: 'MiB/s' },
  { name: 'small files up', action: 'put', file: 'small', connections: CONNECTIONS, unit: 'files/s' },
  { name: 'small files down', action: 'get', file: 'small', connections: CONNECTIONS, unit: 'files/s' },
];

interface Taken {
  readonly rate: number;
  /** Processor seconds of all listeners together. */
  readonly cpuSeconds: number;
}

/**
 * What a relayed transfer costs beside a direct one, and what 1, 2 and 3 listeners do together when each connection goes to
 * a random one. They share this machine's processors with each other, with their clients and with Redis.
 */
export const benchRelay: EngineBench = async (lengths) => {
  const data = await makeDataFolder(() => ({
    limits: { sessions: 100 },
    feeds: [{ name: 'all', path: '/**', scan: 'off' }],
  }));
  const fleet = await startLandfallFleet({
    dataFolder: data.path,
    listeners: MAX_LISTENERS,
    passivePorts: PASSIVE_PORTS,
  });
  try {
    await bench(fleet, data.path, lengths);
  } finally {
    await fleet.close();
    await data.remove();
  }
};

async function bench(fleet: LandfallFleet, folder: string, { quick, rounds }: BenchLengths): Promise<void> {
  const [one, two] = fleet.listeners.map(({ address }) => address);
  const largeBytes = (quick ? 64 : 512) * MIB;
  const files = { large: join(folder, 'large'), small: join(folder, 'small') };
  await writeFile(files.large, randomBytes(largeBytes));
  await writeFile(files.small, randomBytes(SMALL_BYTES));
  const counts = { large: 4, small: quick ? 200 : 1_000 };
  const amountOf = { large: (counts.large * largeBytes) / MIB, small: counts.small };

  const take = async (
    measure: Measure,
    controls: string[],
    datas: string[],
    prefix: string,
  ): Promise<Taken> => {
    const { action, file, connections } = measure;
    const cpu = async (): Promise<number> => {
      const each = fleet.listeners.map(({ landfall }) => settledCpuSeconds(landfall.child.pid!));
      return (await Promise.all(each)).reduce((sum, seconds) => sum + seconds, 0);
    };
    const script = join(import.meta.dirname, '../transfers.py');
    const ends = [controls.join(), datas.join(), fleet.port, USER, PASSWORD];
    const work = [counts[file], Math.min(connections, counts[file]), files[file], `${file}-${prefix}`];
    const before = await cpu();
    const said = await runProgram('python3', [script, action, ...[...ends, ...work].map(String)]);
    return { rate: amountOf[file] / Number(said), cpuSeconds: (await cpu()) - before };
  };

  const direct = measures.map((): Taken[] => []);
  const relayed = measures.map((): Taken[] => []);
  const together = crowds.map(() => Array.from({ length: MAX_LISTENERS }, (): Taken[] => []));
  // A round before the first warms up.
  for (let round = -1; round < rounds; round += 1) {
    const keep = (list: Taken[], taken: Taken): void => {
      if (round >= 0) list.push(taken);
    };
    for (const [row, measure] of measures.entries()) {
      keep(direct[row]!, await take(measure, [one!], [one!], `d${round}`));
      keep(relayed[row]!, await take(measure, [one!], [two!], `r${round}`));
    }
    for (const [row, measure] of crowds.entries()) {
      for (let count = 1; count <= MAX_LISTENERS; count += 1) {
        const addresses = fleet.listeners.slice(0, count).map(({ address }) => address);
        keep(together[row]![count - 1]!, await take(measure, addresses, addresses, `${count}-${round}`));
      }
    }
  }

  const rate = ({ rate: one }: Taken): number => one;
  const cpu = ({ cpuSeconds }: Taken): number => Math.max(cpuSeconds, 0.01);
  const rows = measures.flatMap(({ name, unit }, row) =>
    (
      [
        [`${name}, ${unit}`, rate],
        ['  CPU of both listeners, s', cpu],
      ] as const
    ).map(([title, figure]) => {
      const [own, others] = [relayed[row]!.map(figure), direct[row]!.map(figure)];
      return [title, showSpread(others), showSpread(own), showRatio(own, others)];
    }),
  );
  console.log(
    `${rounds} rounds; large files of ${largeBytes / MIB} MiB, small ones of ${SMALL_BYTES} bytes\n`,
  );
  console.log(showTable([['one session', 'direct', 'relayed', 'ratio'], ...rows]));
  const columns = together[0]!.map((_, index) => `${index + 1} listeners`);
  const crowdRows = crowds.map(({ name, unit }, row) => [
    `${name}, ${unit}`,
    ...together[row]!.map((taken) => showSpread(taken.map(rate))),
  ]);
  console.log(`\n${showTable([[`${CONNECTIONS} sessions`, ...columns], ...crowdRows])}`);
}

import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FaultAct, FaultProxy, FaultRule } from '../../support/fault-proxy.ts';
import { type LandfallProcess, startLandfall } from '../../support/landfall-process.ts';
import { makeDataFolder, PASSWORD, USER, unscannedFeed } from '../lab.ts';

/** What curl's partner was told at the end of a command. */
export interface Told {
  /** The last reply's code. */
  readonly code: number;
  readonly seconds: number;
}

/** A partner that sends with curl, and Landfall with a feed that delivers into a folder. */
export interface AwayLab {
  readonly landfall: LandfallProcess;
  /** Sends new bytes as `/in/<name>`; the same again when it was sent before. `rate` in bytes a second. */
  send(name: string, size: number, rate?: number): Promise<Told>;
  ask(path: string, ...args: string[]): Promise<Told>;
  /** What was acknowledged, and nothing else, is delivered once, byte for byte, within a while. */
  requireDelivered(): Promise<void>;
  remove(): Promise<void>;
}

/** After three attempts in vain the pipeline waits for five minutes. */
const DELIVERED_WITHIN_MS = 400_000;

export async function startAwayLab(env: Record<string, string>): Promise<AwayLab> {
  const data = await makeDataFolder(unscannedFeed('/in/**'));
  const landfall = await startLandfall({
    dataFolder: data.path,
    env: { LANDFALL_SIGNATURES: '/nonexistent', ...env },
  }).catch(async (thrown) => {
    await data.remove();
    throw thrown;
  });
  const sent = new Map<string, Buffer>();
  const acknowledged = new Set<string>();

  const ask = async (path: string, ...args: string[]): Promise<Told> => {
    const url = `ftp://127.0.0.1:${landfall.ftp.port}${path}`;
    const said = ['--write-out', '%{stderr}%{response_code} %{time_total}'];
    const curl = spawn('curl', [
      '--silent',
      ...['--output', '/dev/null', '--user', `${USER}:${PASSWORD}`],
      ...said,
      ...args,
      url,
    ]);
    const chunks: Buffer[] = [];
    curl.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => curl.once('close', resolve));
    const [code, seconds] = Buffer.concat(chunks).toString().trim().split(' ').map(Number);
    return { code: code!, seconds: seconds! };
  };

  return {
    landfall,
    ask,
    async send(name, size, rate) {
      const file = join(data.path, `sent-${name}`);
      if (!sent.has(name)) {
        sent.set(name, randomBytes(size));
        await writeFile(file, sent.get(name)!);
      }
      const slowly = rate === undefined ? [] : ['--limit-rate', String(rate)];
      const told = await ask(`/in/${name}`, '--upload-file', file, ...slowly);
      if (told.code === 226) acknowledged.add(name);
      return told;
    },
    async requireDelivered() {
      const isDelivered = (name: string) => (line: Record<string, unknown>) =>
        line.msg === 'delivered' && line.path === `/in/${name}`;
      for (const name of acknowledged) await landfall.line(isDelivered(name), DELIVERED_WITHIN_MS);
      for (const name of sent.keys()) {
        const times = landfall.lines.filter(isDelivered(name)).length;
        expect([name, times]).toEqual([name, acknowledged.has(name) ? 1 : 0]);
      }
      const files = (await readdir(data.delivered)).filter((name) => name !== '.landfall');
      expect(files.sort()).toEqual([...acknowledged].sort());
      for (const name of files) {
        expect((await readFile(join(data.delivered, name))).equals(sent.get(name)!), name).toBe(true);
      }
    },
    async remove() {
      await landfall.kill();
      await data.remove();
    },
  };
}

/** Everything that is asked from now on, or of it what matches, meets the fault, until the answer is called. */
export function failAll(
  proxy: FaultProxy,
  act: FaultAct,
  matches: FaultRule['matches'] = () => true,
): () => void {
  proxy.rules.push({ act, matches, times: Number.POSITIVE_INFINITY });
  return () => void proxy.rules.splice(0);
}

/** The reasons that Landfall has logged of what it refused. */
export const reasonsIn = ({ lines }: LandfallProcess): string =>
  lines
    .map(({ reason }) => reason)
    .filter((reason) => reason !== undefined)
    .join('\n');

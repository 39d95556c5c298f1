import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeClamdFolder } from '../../adapters/scanner/clamd-folder.ts';
import { findClamd, startClamd } from '../../adapters/scanner/clamd-process.ts';
import { hashPassword } from '../../core/password.ts';
import { freePassivePorts } from '../support/free-ports.ts';
import { type FtpTalk, talkTo } from '../support/ftp-lab.ts';
import { temporaryFolder } from '../support/landfall-process.ts';

/** What whoever logs in at the labs of these tests is called, and knows. */
export const USER = 'acme';
export const PASSWORD = 'correct horse';

/** A data folder of its own, with one partner, who is `USER`. */
export interface DataFolder {
  readonly path: string;
  /** Where the partner's feeds deliver to, in a folder a feed. */
  readonly delivered: string;
  remove(): Promise<void>;
}

type Rules = (delivered: string) => Record<string, unknown>;

export async function makeDataFolder(rules: Rules): Promise<DataFolder> {
  const { path, remove } = await temporaryFolder();
  const delivered = join(path, 'delivered');
  await writePartner(path, rules(delivered));
  return { path, delivered, remove };
}

/** One feed of all files at `path`, scanned by nobody, to a folder. */
export const unscannedFeed =
  (path: string): Rules =>
  (delivered) => ({
    feeds: [
      { name: 'files', path, deliver: [{ to: 'folder', name: 'local', path: delivered }], scan: 'off' },
    ],
  });

/** Writes the partner's file: JSON is YAML. */
export async function writePartner(dataFolder: string, rules: Record<string, unknown>): Promise<void> {
  await mkdir(join(dataFolder, 'partners'), { recursive: true });
  const partner = {
    name: USER,
    logins: [{ user: USER, password: await hashPassword(PASSWORD) }],
    ...rules,
  };
  await writeFile(join(dataFolder, 'partners', `${USER}.yaml`), JSON.stringify(partner, undefined, 2));
}

/** A clamd with the test signatures, for any number of Landfalls. */
export async function startSharedClamd(folder: string) {
  const place = await makeClamdFolder(folder, '/nonexistent');
  const clamd = startClamd(findClamd(), place, () => undefined);
  return { setting: `clamd:${place.socket}`, stop: () => clamd.stop() };
}

/** For `LandfallProcess.line`: what was logged of this file. */
export const said =
  (msg: string, path: string) =>
  (line: Record<string, unknown>): boolean =>
    line.msg === msg && line.path === path;

/** Runs Landfall where it is expected to end by itself; answers its exit code and all that it said. */
export async function runMain(env: Record<string, string>, args: readonly string[] = []) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'services/main.ts', ...args],
    {
      cwd: join(import.meta.dirname, '../..'),
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        LANDFALL_FTP_PASSIVE_PORTS: await freePassivePorts(),
        LANDFALL_LOG: 'json',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** A control connection of the partner's, after the login, in TYPE I. */
export async function logIn(port: number): Promise<FtpTalk> {
  const talk = await talkTo(port);
  await talk.expect(220);
  await talk.say(`USER ${USER}`, 331);
  await talk.say(`PASS ${PASSWORD}`, 230);
  await talk.say('TYPE I', 200);
  return talk;
}

import { Fault } from '../../../core/fault.ts';
import { resolvePath } from '../../../core/paths.ts';
import type { Call, Command } from '../command.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { type Session, zoneOf } from '../session.ts';
import { parseTimeVal, timeVal } from '../time-val.ts';

/** Sets when a file was changed, by its name as the client gave it. Throws a `Refusal` 501 for what is no time. */
export async function setModified(session: Session, name: string, time: string): Promise<void> {
  const modified = parseTimeVal(time);
  if (!modified) throw new Refusal(501, 'A time is YYYYMMDDHHMMSS, in UTC, from 1970 to 2399.');
  await zoneOf(session).setModified(resolvePath(session.folder, name), modified);
}

/** draft-somers-ftp-mfxx §3: `<time> <path>`. */
function timeAndPath({ argument }: Call, verb: string): { time: string; name: string } {
  const [, time, name] = /^(\S+) (.+)$/s.exec(argument) ?? [];
  if (time === undefined || name === undefined) throw new Refusal(501, `${verb} takes a time and a path.`);
  return { time, name };
}

/** The facts that MFF can change, each as what changes it. */
const changes: Readonly<Record<string, (session: Session, name: string, value: string) => Promise<void>>> = {
  modify: setModified,
};

const changedFacts = Object.keys(changes).map((fact) => `${fact};`);

async function changeFacts({ session, argument }: Call): Promise<Reply> {
  const [, list = '', name = ''] = /^((?:[^\s=;]+=[^\s;]*;)+) (.+)$/s.exec(argument) ?? [];
  if (name === '') throw new Refusal(501, 'MFF takes facts and a path: modify=YYYYMMDDHHMMSS; path');
  const facts = list
    .slice(0, -1)
    .split(';')
    .map((fact) => fact.split('=') as [string, string]);
  // Either all or none.
  for (const [fact] of facts) {
    if (!Object.hasOwn(changes, fact.toLowerCase())) {
      throw new Refusal(504, `MFF changes ${changedFacts.join('')} only.`);
    }
  }
  for (const [fact, value] of facts) await changes[fact.toLowerCase()]!(session, name, value);
  return reply(213, `${list} ${name}`);
}

/** `MDTM <time> <path>`, as clients before MFMT set a time. A file whose name looks like that is meant as such. */
async function timeToSet({
  session,
  path,
  argument,
}: Call): Promise<{ time: string; name: string } | undefined> {
  const [, time, name] = /^(\d{14}(?:\.\d{1,9})?) (.+)$/s.exec(argument) ?? [];
  if (time === undefined || name === undefined) return undefined;
  const entry = await zoneOf(session)
    .stat(path)
    .catch(() => undefined);
  return entry ? undefined : { time, name };
}

export const dates = {
  MDTM: {
    when: 'ready',
    argument: 'path',
    feature: () => 'MDTM',
    help: '[time] <file>: when it was changed, UTC; with a time sets it',
    async *run(call) {
      const toSet = await timeToSet(call);
      if (toSet) {
        await setModified(call.session, toSet.name, toSet.time);
        yield reply(213, toSet.time);
        return;
      }
      const entry = await zoneOf(call.session).stat(call.path);
      if (entry.kind === 'folder') throw new Fault('is-a-folder', call.path);
      yield reply(213, timeVal(entry.modified));
    },
  },
  MFMT: {
    when: 'ready',
    argument: 'required',
    feature: () => 'MFMT',
    help: '<YYYYMMDDHHMMSS> <file>: sets when it was changed, UTC',
    async *run(call) {
      const { time, name } = timeAndPath(call, 'MFMT');
      await setModified(call.session, name, time);
      yield reply(213, `Modify=${time}; ${name}`);
    },
  },
  MFCT: {
    when: 'ready',
    argument: 'required',
    // No store keeps it, so FEAT does not tell of it.
    help: '<YYYYMMDDHHMMSS> <file>: is not available, creation times are not kept',
    // biome-ignore lint/correctness/useYield: it has no reply but its refusal
    async *run(call) {
      timeAndPath(call, 'MFCT');
      throw new Refusal(504, 'Creation times are not kept.');
    },
  },
  MFF: {
    when: 'ready',
    argument: 'required',
    feature: () => `MFF ${changedFacts.join('')}`,
    help: 'modify=<YYYYMMDDHHMMSS>; <file>: changes facts of it',
    async *run(call) {
      yield await changeFacts(call);
    },
  },
} as const satisfies Record<string, Command>;

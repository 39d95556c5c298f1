import type { Command } from '../command.ts';
import { DEFAULT_LEVEL } from '../data/mode-z.ts';
import { hashNames } from '../hash-names.ts';
import { allFacts } from '../listing/facts.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import type { Session } from '../session.ts';

/** RFC 2389 §4, and what each option answers. */
const options: Record<string, (session: Session, argument: string) => Reply> = {
  UTF8: utf8,
  'UTF-8': utf8,
  MLST: (session, argument) => {
    const asked = argument.toLowerCase().split(';');
    session.facts = allFacts.filter((fact) => asked.includes(fact));
    // RFC 3659 §7.9: the reply names the facts that will be told.
    return reply(200, `MLST OPTS ${session.facts.map((fact) => `${fact};`).join('')}`.trimEnd());
  },
  HASH: (session, argument) => {
    if (argument === '') return reply(200, session.hash);
    const name = hashNames.find((one) => one === argument.toUpperCase());
    if (!name) throw new Refusal(501, `HASH takes ${hashNames.join(', ')}.`);
    session.hash = name;
    return reply(200, name);
  },
  MODE: (session, argument) => {
    const [mode = '', ...settings] = argument.toUpperCase().split(/\s+/);
    if (mode !== 'Z') throw new Refusal(501, 'MODE Z only has options.');
    session.deflateLevel = levelOf(settings);
    return reply(200, `MODE Z LEVEL is ${session.deflateLevel}.`);
  },
};

/** ON and OFF; and NLST, of the draft that UTF8 comes from, is ON. */
function utf8(session: Session, argument: string): Reply {
  if (!/^(?:ON|OFF|NLST)?$/i.test(argument)) throw new Refusal(501, 'OPTS UTF8 takes ON or OFF.');
  const isOff = /^OFF$/i.test(argument);
  session.writtenIn = isOff ? 'charset' : 'utf8';
  return reply(200, `UTF8 is ${isOff ? 'off' : 'on'}.`);
}

/** draft-preston-ftpext-deflate §3.4: pairs of a name and a value; none at all are the defaults again. */
function levelOf(settings: readonly string[]): number {
  let level = DEFAULT_LEVEL;
  for (let index = 0; index < settings.length; index += 2) {
    const setting = settings.slice(index, index + 2).join(' ');
    if (/^LEVEL \d$/.test(setting)) level = Number(setting.slice(-1));
    else if (setting !== 'ENGINE ZLIB' && setting !== 'METHOD 8') {
      throw new Refusal(501, 'MODE Z takes LEVEL 0 to 9, ENGINE ZLIB and METHOD 8.');
    }
  }
  return level;
}

export const opts = {
  OPTS: {
    when: 'always',
    argument: 'required',
    help: 'UTF8 ON | UTF8 OFF | MLST <facts> | HASH <function> | MODE Z LEVEL <0 to 9>: sets an option',
    async *run({ session, argument }) {
      const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(argument.trim()) ?? [];
      const option = name.toUpperCase();
      if (!Object.hasOwn(options, option)) throw new Refusal(501, 'There is no such option.');
      yield options[option]!(session, rest.trim());
    },
  },
} as const satisfies Record<string, Command>;

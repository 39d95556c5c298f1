import { Fault } from '../../../core/fault.ts';
import { resolvePath } from '../../../core/paths.ts';
import { allows } from '../../../core/permissions.ts';
import type { Command } from '../command.ts';
import { lookAt } from '../look-at.ts';
import { Refusal, type Reply, reply } from '../reply.ts';
import { type Session, zoneOf } from '../session.ts';
import { setModified } from './dates.ts';

interface SiteCommand {
  readonly help: string;
  readonly run: (session: Session, argument: string) => Promise<Reply>;
}

/** `<path> <access> <change> <creation> UTC`, as lftp, NcFTP and ProFTPD have it; times may be without seconds. */
const FIVE_WORDS = /^(.+) \d{12}(?:\d\d)? (\d{12}(?:\d\d)?) \d{12}(?:\d\d)? UTC$/is;
/** `<change> <path>`, as lftp and ProFTPD have it. */
const TWO_WORDS = /^(\d{12}(?:\d\d)?) (.+)$/s;

async function setTime(session: Session, argument: string): Promise<Reply> {
  const [, before, third] = FIVE_WORDS.exec(argument) ?? [];
  const [, first, after] = TWO_WORDS.exec(argument) ?? [];
  const [name, time] = before === undefined ? [after, first] : [before, third];
  if (name === undefined || time === undefined) {
    throw new Refusal(501, 'UTIME takes YYYYMMDDhhmm[ss] path, or path access change creation UTC.');
  }
  await setModified(session, name, time.padEnd(14, '0'));
  return reply(200, 'The time is set.');
}

/** Modes as chmod takes them, in digits or as in `u+x,go-w`. */
const MODE_AND_PATH = /^(?:[0-7]{3,4}|[ugoa]*[-+=][rwxXst]*(?:,[ugoa]*[-+=][rwxXst]*)*) (.+)$/s;

/**
 * A store has no modes, and whoever may come to a file is the partner's own matter. It is answered as done where it
 * could be: programs that set one after each upload take a refusal for a failed upload.
 */
async function changeMode(session: Session, argument: string): Promise<Reply> {
  const [, name] = MODE_AND_PATH.exec(argument) ?? [];
  if (name === undefined) throw new Refusal(501, 'CHMOD takes a mode, as 644 or u+x, and a path.');
  const zone = zoneOf(session);
  const path = resolvePath(session.folder, name);
  await lookAt(zone, path);
  if (!allows(zone.partner, 'write', path)) throw new Fault('not-permitted', `write ${path}`);
  return reply(200, 'Modes are not kept: it stays as it is.');
}

async function keepMask(_session: Session, argument: string): Promise<Reply> {
  if (!/^[0-7]{0,4}$/.test(argument)) throw new Refusal(501, 'UMASK takes octal digits.');
  return reply(200, 'Modes are not kept, so nothing is masked.');
}

/** IBM i: 1 is names as paths, 0 is LIBRARY/FILE.MEMBER. Scripts that were written for such a server begin with it. */
async function nameFormat(_session: Session, argument: string): Promise<Reply> {
  if (!/^1?$/.test(argument.trim())) throw new Refusal(501, 'NAMEFMT takes 1: names are paths.');
  return reply(200, 'Now using naming format "1".');
}

/** Commands of this server's own (RFC 959 §4.1.3, SITE). */
const rows: Record<string, SiteCommand> = {
  CHMOD: { help: 'CHMOD <mode> <path>: is taken, and changes nothing', run: changeMode },
  HELP: { help: 'HELP: this', run: async () => siteHelp() },
  NAMEFMT: { help: 'NAMEFMT [1]: is taken, names are paths', run: nameFormat },
  UMASK: { help: 'UMASK [<mode>]: is taken, and changes nothing', run: keepMask },
  UTIME: { help: 'UTIME <YYYYMMDDhhmm[ss]> <file>: sets when it was changed, UTC', run: setTime },
};

export const siteHelp = (): Reply =>
  reply(
    214,
    'The SITE commands:',
    Object.values(rows).map(({ help }) => help),
  );

export const site = {
  SITE: {
    when: 'ready',
    argument: 'required',
    help: '<command>: a command of this server alone; SITE HELP lists them',
    async *run({ session, argument }) {
      const [, name = '', rest = ''] = /^\s*(\S*) ?(.*)$/s.exec(argument) ?? [];
      const command = name.toUpperCase();
      if (!Object.hasOwn(rows, command)) throw new Refusal(500, 'There is no such SITE command.');
      yield await rows[command]!.run(session, rest);
    },
  },
} as const satisfies Record<string, Command>;

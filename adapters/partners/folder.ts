import { mkdir, stat } from 'node:fs/promises';
import type { Partner } from '../../core/partner.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Partners } from '../../core/ports/partners.ts';
import { watchFolder } from '../watch-folder.ts';
import { checkPartnerFiles, partnerFilesIn } from './check.ts';
import { PartnersError, showPartnerFault } from './fault.ts';

export interface PartnersFolderOptions {
  /** A folder of `<name>.yaml`, a partner each; made when missing. */
  readonly folder: string;
  readonly log: Log;
}

/**
 * Partners from a folder of YAML files, read again when one changes. Throws `PartnersError` with all faults when a
 * file is wrong now; one that is wrong later is logged, and what was right before stays.
 */
export async function openPartnersFolder({ folder, log }: PartnersFolderOptions): Promise<Partners> {
  await mkdir(folder, { recursive: true });
  let seen = await stampOf(folder);
  const { partners, faults } = await checkPartnerFiles(folder);
  if (faults.length > 0) throw new PartnersError(faults);
  let index = indexOf(partners);
  let logged = '';

  const logOnce = (fields: object, message: string): void => {
    const text = JSON.stringify([message, fields]);
    if (text !== logged) log.error(fields, message);
    logged = text;
  };

  /** `certain`: something has changed, though sizes and times may say otherwise. */
  const reload = async (certain: boolean): Promise<void> => {
    try {
      // The stamp is of before the reading: what changes meanwhile is read again.
      const stamp = await stampOf(folder);
      if (!certain && stamp === seen) return;
      const checked = await checkPartnerFiles(folder);
      seen = stamp;
      if (checked.faults.length > 0) {
        const shown = checked.faults.slice(0, MAX_LOGGED).map(showPartnerFault);
        return logOnce(
          { faults: shown },
          "the partners' files are not valid; what was valid before stays in force",
        );
      }
      index = indexOf(checked.partners);
      logged = '';
      log.info({ partners: checked.partners.length }, "read the partners' files again");
    } catch (thrown) {
      // A folder that went away, unmounted perhaps, does not mean that all partners did.
      logOnce({ err: thrown }, "the partners' folder cannot be read; what was valid before stays in force");
    }
  };
  const watch = watchFolder(folder, reload);

  return {
    named: (name) => index.byName.get(name),
    login: (user) => index.byUser.get(user),
    all: () => index.all,
    close: () => watch.close(),
  };
}

/** Faults in one log line. */
const MAX_LOGGED = 50;

function indexOf(all: readonly Partner[]) {
  const logins = all.flatMap((partner) =>
    partner.logins.map((login) => [login.user, { partner, login }] as const),
  );
  return { all, byName: new Map(all.map((partner) => [partner.name, partner])), byUser: new Map(logins) };
}

/** Changes when any partner file does: names, and what stat says of them, links followed. */
async function stampOf(folder: string): Promise<string> {
  const parts: string[] = [];
  for (const file of await partnerFilesIn(folder)) {
    const stats = await stat(file).catch(() => undefined);
    parts.push(`${file} ${stats?.ino} ${stats?.size} ${stats?.mtimeMs} ${stats?.ctimeMs}`);
  }
  return parts.join('\n');
}

import { Buffer } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { Fault } from '../../core/fault.ts';
import type { Log } from '../../core/ports/log.ts';
import { TICKET_KEY_BYTES, type TicketKeySet, type TicketKeys } from '../../core/ports/ticket-keys.ts';
import { readSmallFile } from './small-file.ts';

/**
 * Keys from a file that somebody else hands out and rotates: base64, one a line, newest first; `#` begins a remark.
 * Read again whenever it is asked. Throws when it cannot be used now; when that is so later, it is logged, and the keys
 * that were there before stay.
 */
export async function openTicketKeysFile(file: string, log: Log): Promise<TicketKeys> {
  let known = await read(file);
  let logged = '';
  return {
    async current() {
      try {
        known = await read(file);
        logged = '';
      } catch (thrown) {
        const { message } = thrown as Error;
        if (message !== logged) log.error({ err: thrown }, 'ticket keys are not valid; the last ones stay');
        logged = message;
      }
      return known;
    },
  };
}

async function read(file: string): Promise<TicketKeySet> {
  const keys = parseTicketKeys(await readSmallFile(file));
  return { keys, rotatedAt: (await stat(file)).mtime };
}

/** Throws `bad-argument` with the line that is wrong. */
export function parseTicketKeys(text: string): Buffer[] {
  const keys: Buffer[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const encoded = line.replace(/#.*/, '').trim();
    if (encoded === '') continue;
    const key = Buffer.from(encoded, 'base64');
    if (key.length !== TICKET_KEY_BYTES || key.toString('base64') !== encoded) {
      throw new Fault('bad-argument', `line ${index + 1} is not ${TICKET_KEY_BYTES} bytes in base64`);
    }
    keys.push(key);
  }
  if (keys.length === 0) throw new Fault('bad-argument', 'there is no ticket key in the file');
  return keys;
}

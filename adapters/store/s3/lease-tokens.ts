import { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import { answeredAt } from './answer-time.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './capabilities.ts';
import { deleteObject } from './delete-object.ts';
import { getWhole } from './get-whole.ts';
import { putBytes } from './put-bytes.ts';
import { unlessAbsent } from './s3-fault.ts';
import { whileHeld } from './while-held.ts';

/** The objects that leases are: each has a token of who holds it, another one at each renewal. */
export interface LeaseTokens {
  read(name: string): Promise<{ token: string; etag: string } | undefined>;
  /** Answers the ETag. Throws `exists`. */
  create(name: string, token: string): Promise<string>;
  /**
   * Writes in place of what has that ETag, else throws `exists` or `not-found`. Where the store cannot do so in one
   * step, another one may do it at the same moment.
   */
  replace(name: string, etag: string, token: string): Promise<string>;
  /** `live`: whether it was written within the time of a lease. */
  look(name: string): Promise<{ etag: string; live: boolean } | undefined>;
  /** `confirm` is asked before each attempt. */
  remove(name: string, confirm: () => Promise<void>): Promise<void>;
}

export function createTokens(
  bucket: Bucket,
  { conditionalReplace }: Capabilities,
  leaseMs: number,
): LeaseTokens {
  const at = (name: string) => ({ Bucket: bucket.name, Key: bucket.full(name) });

  const read: LeaseTokens['read'] = async (name) => {
    const whole = await getWhole(bucket, name);
    return whole && { token: whole.bytes.toString(), etag: whole.etag };
  };

  const write = async (
    name: string,
    token: string,
    how: { IfNoneMatch?: string; IfMatch?: string },
  ): Promise<string> => {
    const wasDone = async () => {
      const there = await read(name);
      return there?.token === token ? { ETag: there.etag } : undefined;
    };
    return putBytes(bucket, name, Buffer.from(token), how, { wasDone });
  };

  return {
    read,
    create: (name, token) => write(name, token, { IfNoneMatch: '*' }),

    async replace(name, etag, token) {
      if (conditionalReplace === 'no') {
        if ((await read(name))?.etag !== etag) throw new Fault('exists');
        return write(name, token, {});
      }
      const bare = etag.replaceAll('"', '');
      return write(name, token, { IfMatch: conditionalReplace === 'bare' ? bare : `"${bare}"` });
    },

    async look(name) {
      const answer = await unlessAbsent(bucket.ask((s3, options) => s3.headObject(at(name), options)));
      if (!answer) return undefined;
      const age = answeredAt(answer).getTime() - (answer.LastModified?.getTime() ?? 0);
      return { etag: answer.ETag ?? '', live: age < leaseMs };
    },

    remove: (name, confirm) => deleteObject(whileHeld(bucket, confirm), name),
  };
}

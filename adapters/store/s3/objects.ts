import type { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import type { Objects } from '../../../core/ports/store.ts';
import { copyObject } from './copy-object.ts';
import { type Found, infoOf } from './found.ts';
import { absence, locate } from './locate.ts';
import type { Names } from './names.ts';
import { putWhole } from './put-whole.ts';
import { readObject } from './read-object.ts';
import type { Remote } from './remote.ts';
import { isFault } from './s3-fault.ts';
import { requireSame } from './while-same.ts';

export function createObjects({ bucket, can }: Remote, names: Names): Objects {
  return {
    async head(key, arrival) {
      const found = await locate(bucket, key, arrival);
      return found && infoOf(key, found);
    },

    read: (key, range = {}) => readObject(bucket, key, range),

    async put(key, bytes, { ifAbsent = false } = {}) {
      await names.place(key, { replace: !ifAbsent, conditional: true }, (absent) =>
        putWhole(bucket, key, bytes as Buffer, {}, absent),
      );
    },

    async copy(from, to, { replace = false, arrival } = {}) {
      const find = async (): Promise<Found> => {
        const found = await locate(bucket, from, arrival);
        if (!found) throw arrival === undefined ? await absence(bucket, from) : new Fault('not-found');
        return found;
      };
      let conditional = can.conditionalCopy && can.conditionalSource;
      for (let source = await find(); ; conditional = false) {
        const copyTo = async (ifAbsent: boolean): Promise<void> => {
          // With its lock it stays what it is from now on.
          if (!conditional) await requireSame(bucket, source);
          await copyObject(bucket, source, to, { ifAbsent });
        };
        try {
          return await names.place(to, { replace, conditional, source: source.at }, copyTo);
        } catch (thrown) {
          const now = isFault(thrown, 'busy') ? await find() : source;
          if (now.at === source.at && now.signature === source.signature) throw thrown;
          source = now;
        }
      }
    },

    async rename(from, to, { replace = false, arrival } = {}) {
      await names.move(from, to, { replace, arrival });
    },

    remove: names.remove,
    touch: names.touch,
  };
}

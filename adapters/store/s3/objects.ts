import type { Buffer } from 'node:buffer';
import { Fault } from '../../../core/fault.ts';
import type { Objects } from '../../../core/ports/store.ts';
import { copyObject } from './copy-object.ts';
import { infoOf } from './found.ts';
import { absence, locate } from './locate.ts';
import type { Names } from './names.ts';
import { putWhole } from './put-whole.ts';
import { readObject } from './read-object.ts';
import type { Remote } from './remote.ts';

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
      const source = await locate(bucket, from, arrival);
      if (!source) throw arrival === undefined ? await absence(bucket, from) : new Fault('not-found');
      await names.place(to, { replace, conditional: can.conditionalCopy }, (ifAbsent) =>
        copyObject(bucket, source, to, { ifAbsent }),
      );
    },

    async rename(from, to, { replace = false, arrival } = {}) {
      await names.move(from, to, { replace, arrival });
    },

    remove: names.remove,
    touch: names.touch,
  };
}

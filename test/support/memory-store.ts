import { Buffer } from 'node:buffer';
import { Fault } from '../../core/fault.ts';
import type { Entry, ObjectInfo, Store, Upload } from '../../core/ports/store.ts';

interface Kept {
  readonly bytes: Buffer;
  readonly modified: Date;
  readonly arrival?: string;
  readonly digests?: ObjectInfo['digests'];
}

export interface MemoryStore extends Store {
  /** Called with every step that could fail, before it is taken: `seal files/a/x`; throws to make it fail. */
  onStep: (step: string) => void;
}

const parentOf = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('/')));
const isBelow = (key: string, folder: string): boolean => key.startsWith(`${folder}/`);

/** A store without a disk, for unit tests: the port's contract, nothing durable. */
export function createMemoryStore(): MemoryStore {
  const files = new Map<string, Kept>();
  const folders = new Set<string>();
  const published = new Map<string, Kept>();
  const suspended = new Map<string, { bytes: Buffer; note?: string; since: Date }>();
  const idOf = (key: string, arrival: string): string => `${arrival} ${key}`;

  const find = (key: string, arrival?: string): Kept | undefined => {
    const file = files.get(key);
    return arrival === undefined || file?.arrival === arrival ? file : published.get(idOf(key, arrival));
  };
  const need = (key: string, arrival?: string): Kept => {
    const file = find(key, arrival);
    if (file) return file;
    throw new Fault(folders.has(key) ? 'is-a-folder' : 'not-found', key);
  };
  const infoOf = (key: string, { bytes, modified, arrival, digests }: Kept): ObjectInfo => ({
    key,
    size: bytes.length,
    modified,
    ...(arrival === undefined ? {} : { arrival }),
    ...(digests === undefined ? {} : { digests }),
  });
  const makeParents = (key: string): void => {
    for (let folder = parentOf(key); folder !== ''; folder = parentOf(folder)) {
      if (files.has(folder)) throw new Fault('not-a-folder', folder);
      folders.add(folder);
    }
  };
  const place = (key: string, file: Kept, replace: boolean): void => {
    if (folders.has(key)) throw new Fault('is-a-folder', key);
    if (!replace && files.has(key)) throw new Fault('exists', key);
    makeParents(key);
    files.set(key, file);
    if (file.arrival !== undefined) published.set(idOf(key, file.arrival), file);
  };
  const step = (text: string): void => store.onStep(text);

  const uploadOf = (key: string, arrival: string, start: Buffer, startNote?: string): Upload => {
    const chunks = [start];
    let size = start.length;
    let sealed = false;
    let over = false;
    const use = (text: string): void => {
      if (over) throw new Error(`${text} of an upload that is over`);
      step(`${text} ${key}`);
    };
    return {
      get size() {
        return size;
      },
      ...(startNote === undefined ? {} : { note: startNote }),
      async write(chunk) {
        use('write');
        chunks.push(Buffer.from(chunk));
        size += chunk.length;
      },
      async seal() {
        use('seal');
        sealed = true;
      },
      async publish({ replace = false, modified = new Date(), digests = {} } = {}) {
        use('publish');
        if (!sealed) throw new Error('publish before seal');
        const file = { bytes: Buffer.concat(chunks), modified, arrival, digests };
        place(key, file, replace);
        over = true;
        return infoOf(key, file);
      },
      async suspend(note) {
        use('suspend');
        over = true;
        const kept = { bytes: Buffer.concat(chunks), since: new Date() };
        suspended.set(key, note === undefined ? kept : { ...kept, note });
      },
      async abort() {
        use('abort');
        over = true;
      },
    };
  };

  const store: MemoryStore = {
    onStep: () => undefined,
    objects: {
      async head(key, arrival) {
        const file = find(key, arrival);
        return file && infoOf(key, file);
      },
      async *read(key, { from = 0, to = Infinity, arrival } = {}) {
        const { bytes } = need(key, arrival);
        if (from > bytes.length) throw new Fault('bad-offset');
        if (from < Math.min(to, bytes.length)) yield Buffer.from(bytes.subarray(from, to));
      },
      async put(key, bytes, { ifAbsent = false } = {}) {
        step(`put ${key}`);
        place(key, { bytes: Buffer.from(bytes), modified: new Date() }, !ifAbsent);
      },
      async copy(from, to, { replace = false, arrival } = {}) {
        step(`copy ${from} ${to}`);
        place(to, need(from, arrival), replace);
      },
      async rename(from, to, { replace = false, arrival } = {}) {
        step(`rename ${from} ${to}`);
        const file = need(from);
        if (arrival !== undefined && file.arrival !== arrival) throw new Fault('not-found', from);
        if (from === to) return;
        place(to, file, replace);
        files.delete(from);
      },
      async touch(key, modified) {
        step(`touch ${key}`);
        files.set(key, { ...need(key), modified });
      },
      async remove(key) {
        step(`remove ${key}`);
        need(key);
        files.delete(key);
      },
    },
    folders: {
      async *list(key) {
        if (!folders.has(key)) throw new Fault(files.has(key) ? 'not-a-folder' : 'not-found', key);
        const names = [...files.keys(), ...folders].filter((one) => parentOf(one) === key);
        for (const one of names) {
          const file = files.get(one);
          const name = one.slice(key.length + 1);
          const entry: Entry = file
            ? { kind: 'file', name, size: file.bytes.length, modified: file.modified }
            : { kind: 'folder', name, modified: new Date(0) };
          yield entry;
        }
      },
      head: async (key) => (folders.has(key) ? { modified: new Date(0) } : undefined),
      async make(key) {
        if (folders.has(key)) throw new Fault('exists', key);
        if (files.has(key)) throw new Fault('not-a-folder', key);
        makeParents(key);
        folders.add(key);
      },
      async remove(key) {
        if (!folders.has(key)) throw new Fault(files.has(key) ? 'not-a-folder' : 'not-found', key);
        if ([...files.keys(), ...folders].some((one) => isBelow(one, key))) throw new Fault('not-empty', key);
        folders.delete(key);
      },
      async rename(from, to) {
        if (!folders.has(from)) throw new Fault('not-found', from);
        if (to === from || isBelow(to, from)) throw new Fault('bad-argument', to);
        if (folders.has(to) || files.has(to)) throw new Fault('exists', to);
        makeParents(to);
        const moved = (key: string): string => to + key.slice(from.length);
        for (const folder of [...folders].filter((one) => one === from || isBelow(one, from))) {
          folders.delete(folder);
          folders.add(moved(folder));
        }
        for (const [key, file] of [...files].filter(([one]) => isBelow(one, from))) {
          files.delete(key);
          place(moved(key), file, false);
        }
      },
    },
    uploads: {
      async begin(key, arrival) {
        step(`begin ${key}`);
        return uploadOf(key, arrival, Buffer.alloc(0));
      },
      async resume(key, arrival, at) {
        step(`resume ${key}`);
        const kept = suspended.get(key);
        const bytes = kept?.bytes ?? files.get(key)?.bytes ?? Buffer.alloc(0);
        if (bytes.length < at) throw new Fault('bad-offset', key);
        suspended.delete(key);
        return uploadOf(key, arrival, bytes.subarray(0, at), kept?.note);
      },
      async suspended(key) {
        const kept = suspended.get(key);
        return kept && { key, size: kept.bytes.length, since: kept.since };
      },
      async sweep({ uploads: before }) {
        const old = [...suspended].filter(([, { since }]) => since < before);
        for (const [key] of old) suspended.delete(key);
        return { uploads: old.length, unnamed: 0 };
      },
    },
    close: async () => undefined,
  };
  return store;
}

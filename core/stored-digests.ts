import type { Arrival, DigestName } from './arrival.ts';
import { createDigester } from './digests.ts';
import type { Ledger } from './ledger.ts';
import type { ObjectInfo, Store } from './ports/store.ts';

/** Arrivals whose digests are kept in memory: some hundred bytes each. The oldest go first. */
const MAX_REMEMBERED = 10_000;

export interface Reading {
  /** Bytes, `to` not included; all of the file when left out. */
  readonly from?: number;
  readonly to?: number;
  /** Ends the reading with its reason. */
  readonly signal: AbortSignal;
  readonly read: (bytes: number) => void;
}

/**
 * Digests of files that are stored. Those that were computed as the bytes arrived are found where they were kept: on
 * the object, in this process, in the ledger; a file is read again only for one that nobody has computed.
 */
export interface StoredDigests {
  /** Keeps the digests of an arrival that is about to be published: the ledger has them once a worker saw it. */
  remember(arrival: Pick<Arrival, 'id' | 'digests'>): void;
  /** Lower-case hex. Throws `not-found`, `bad-offset`, the signal's reason. */
  digestOf(file: ObjectInfo, name: DigestName, reading: Reading): Promise<string>;
}

export function createStoredDigests(
  { objects }: Pick<Store, 'objects'>,
  ledger: Pick<Ledger, 'arrival' | 'stage'>,
): StoredDigests {
  const remembered = new Map<string, Arrival['digests']>();

  const remember = (id: string, digests: Arrival['digests']): void => {
    const known = { ...remembered.get(id), ...digests };
    if (Object.keys(known).length === 0) return;
    // Deleted first, so that the first of the map is the one to go first.
    remembered.delete(id);
    remembered.set(id, known);
    if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
  };

  const fromLedger = async (id: string): Promise<Arrival['digests']> => {
    const arrival = await ledger.arrival(id);
    if (!arrival) return {};
    const validated = await ledger.stage({ arrival: id, run: arrival.run, stage: 'validate' });
    return { ...validated?.digests, ...arrival.digests };
  };

  const compute = async (
    { key, arrival }: ObjectInfo,
    name: DigestName,
    { from = 0, to, signal, read }: Reading,
  ): Promise<string> => {
    const digester = createDigester([name]);
    const range = { from, ...(to === undefined ? {} : { to }), ...(arrival ? { arrival } : {}) };
    for await (const chunk of objects.read(key, range)) {
      signal.throwIfAborted();
      digester.update(chunk);
      read(chunk.length);
    }
    signal.throwIfAborted();
    return digester.finish()[name]!;
  };

  return {
    remember: ({ id, digests }) => remember(id, digests),

    async digestOf(file, name, reading) {
      const { from = 0, to = file.size } = reading;
      const { arrival: id } = file;
      if (from > 0 || to < file.size || id === undefined) return compute(file, name, reading);
      const known = file.digests?.[name] ?? remembered.get(id)?.[name] ?? (await fromLedger(id))[name];
      if (known !== undefined) return known;
      const digest = await compute(file, name, reading);
      remember(id, { [name]: digest });
      return digest;
    },
  };
}

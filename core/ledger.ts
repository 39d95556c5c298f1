import type { Buffer } from 'node:buffer';
import { z } from 'zod';
import { type Arrival, arrivalSchema, arrivalTime, digestNames, isArrivalId } from './arrival.ts';
import { type StageName, stageSchema } from './event.ts';
import { Fault } from './fault.ts';
import type { Store } from './ports/store.ts';
import { readWhole } from './read-whole.ts';

/**
 * What happened to every file, as small objects of the store, each written once with a conditional create:
 *
 *   ledger/2026-11-25/<arrival>/stored.json             kept under a temporary name, not announced
 *   ledger/2026-11-25/<arrival>/received.json           announced; the arrival itself
 *   ledger/2026-11-25/<arrival>/1-validate.json         a stage of the first run
 *   ledger/2026-11-25/<arrival>/1-deliver-erp.json      one per target
 *   ledger/2026-11-25/<arrival>/1-scan.held.json        a note: why it waits, or failed
 *   ledger/claims/<kind>/<name>.json                    something that may be there once
 *
 * The create is what makes a stage happen once: whoever comes second reads the record of the first.
 */

/** Why: a code for programs, a sentence for people, and where in the file. */
export const reasonSchema = z.object({ code: z.string(), message: z.string(), where: z.string().optional() });
export type Reason = z.infer<typeof reasonSchema>;

const results = ['passed', 'rejected', 'quarantined', 'routed', 'delivered', 'failed', 'held'] as const;

const stageRecordSchema = z.object({
  arrival: z.string(),
  run: z.number().int().positive(),
  stage: stageSchema,
  target: z.string().optional(),
  result: z.enum(results),
  reasons: z.array(reasonSchema),
  /** When the stage was done (ISO 8601) and how long it took, in milliseconds. */
  at: z.string(),
  tookMs: z.number(),
  /** Facts for the timeline: a place, a scanner's version, what was found in an envelope. */
  details: z.record(z.string(), z.unknown()).default({}),
  /** What follows; kept so that a stage whose consumer died can be sent on again. */
  next: z.array(z.object({ stage: stageSchema, target: z.string().optional() })),
  /** Digests that the stage found and the arrival lacked. */
  digests: z.partialRecord(z.enum(digestNames), z.string()).optional(),
});
export type StageRecord = z.infer<typeof stageRecordSchema>;

export interface Timeline {
  readonly arrival: Arrival;
  readonly announced: boolean;
  /** In the order of `at`. */
  readonly records: readonly StageRecord[];
}

/** Bytes of one record: reasons are cut by their stage long before. */
const MAX_RECORD_BYTES = 1024 * 1024;

const dayOf = (arrival: string): string => arrivalTime(arrival).toISOString().slice(0, 10);
const folderOf = (arrival: string): string => `ledger/${dayOf(arrival)}/${arrival}`;

export interface StageKey {
  readonly arrival: string;
  readonly run: number;
  readonly stage: StageName;
  readonly target?: string | undefined;
}

/** A target may be named `erp-held`, but no name has a full stop: a note is never another target's record. */
const stageFile = ({ run, stage, target }: StageKey, note?: string): string =>
  `${run}-${stage}${target === undefined ? '' : `-${target}`}${note === undefined ? '' : `.${note}`}.json`;

const claimKey = (kind: string, name: string): string =>
  `ledger/claims/${encodeURIComponent(kind)}/${encodeURIComponent(name)}.json`;

export type Ledger = ReturnType<typeof createLedger>;

export function createLedger(store: Pick<Store, 'objects' | 'folders'>) {
  const { objects, folders } = store;

  /** What the record says; undefined when there is none. Throws `internal`, naming one that is damaged. */
  const read = async <Content>(key: string, schema: z.ZodType<Content>): Promise<Content | undefined> => {
    let bytes: Buffer;
    try {
      bytes = await readWhole(objects, key, MAX_RECORD_BYTES);
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'not-found') return undefined;
      throw thrown;
    }
    try {
      return schema.parse(JSON.parse(bytes.toString()));
    } catch (cause) {
      throw new Fault('internal', `${key} is no record of the ledger`, { cause });
    }
  };

  /** Writes the record unless there is one; answers whether it was this call that wrote it. */
  const create = async (key: string, record: unknown): Promise<boolean> => {
    try {
      await objects.put(key, new TextEncoder().encode(JSON.stringify(record)), { ifAbsent: true });
      return true;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'exists') return false;
      throw thrown;
    }
  };

  return {
    /** Keeps an arrival that is stored under a temporary name, for the day it gets its final one. */
    stored: (arrival: Arrival) => create(`${folderOf(arrival.id)}/stored.json`, arrival),
    received: (arrival: Arrival) => create(`${folderOf(arrival.id)}/received.json`, arrival),

    /** The arrival as it was received, or else as it was stored. */
    async arrival(id: string): Promise<Arrival | undefined> {
      if (!isArrivalId(id)) return undefined;
      const folder = folderOf(id);
      return (
        (await read(`${folder}/received.json`, arrivalSchema)) ??
        (await read(`${folder}/stored.json`, arrivalSchema))
      );
    },

    stage: (key: StageKey): Promise<StageRecord | undefined> =>
      read(`${folderOf(key.arrival)}/${stageFile(key)}`, stageRecordSchema),

    /** Writes the stage's record; where another consumer was first, answers that one's. */
    async finish(record: StageRecord): Promise<StageRecord> {
      if (await create(`${folderOf(record.arrival)}/${stageFile(record)}`, record)) return record;
      const first = await this.stage(record);
      if (first === undefined) throw new Fault('store-down', 'a ledger record is there and is not');
      return first;
    },

    /** Notes, once, that a stage is held or has failed, and why. It may still be done later. */
    note: (record: StageRecord) =>
      create(`${folderOf(record.arrival)}/${stageFile(record, record.result)}`, record),

    async timeline(id: string): Promise<Timeline | undefined> {
      const arrival = await this.arrival(id);
      if (arrival === undefined) return undefined;
      let announced = false;
      const records: StageRecord[] = [];
      for await (const { name } of folders.list(folderOf(id))) {
        if (name === 'received.json') announced = true;
        else if (name !== 'stored.json') {
          const record = await read(`${folderOf(id)}/${name}`, stageRecordSchema);
          if (record) records.push(record);
        }
      }
      records.sort((a, b) => a.at.localeCompare(b.at));
      return { arrival, announced, records };
    },

    /** The ids of a UTC day's arrivals, in the order they came. */
    async arrivalsOf(day: string): Promise<string[]> {
      const ids: string[] = [];
      try {
        for await (const { name } of folders.list(`ledger/${day}`)) if (isArrivalId(name)) ids.push(name);
      } catch (thrown) {
        if (!(thrown instanceof Fault && thrown.code === 'not-found')) throw thrown;
      }
      return ids.sort();
    },

    /** What the first one to claim the name said, or undefined while nobody has. */
    claimed: (kind: string, name: string): Promise<unknown> => read(claimKey(kind, name), z.unknown()),

    /** Claims a name once and for all: answers what the first one to claim it said, or undefined to that one. */
    async claim(kind: string, name: string, value: unknown): Promise<unknown> {
      const key = claimKey(kind, name);
      return (await create(key, value)) ? undefined : await read(key, z.unknown());
    },
  };
}

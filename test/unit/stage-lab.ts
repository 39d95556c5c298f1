import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteQueue } from '../../adapters/queue/sqlite/queue.ts';
import { type Arrival, newArrivalId } from '../../core/arrival.ts';
import { encodeEvent, type StageName, stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import { createLedger } from '../../core/ledger.ts';
import { type Partner, partnerFile } from '../../core/partner.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Partners } from '../../core/ports/partners.ts';
import type { Store } from '../../core/ports/store.ts';
import type { Outcome, Stage, StagePorts, Stages } from '../../core/stage.ts';

/** What stages and their host need, small and real: a store in memory, the embedded queue, the ledger. */
export interface StageLab {
  readonly ports: StagePorts;
  readonly store: MemoryStore;
  /** The partners there are now. */
  readonly partners: Map<string, Partner>;
  readonly lines: LogLine[];
  /** An arrival whose object is in the store, unless `published` is false. */
  arrive(options?: { published?: boolean }): Promise<Arrival>;
  /** Sends the event that asks for the stage. */
  ask(stage: StageName, arrival: Arrival): Promise<void>;
  close(): Promise<void>;
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

export const acme: Partner = partnerFile.parse({
  name: 'acme',
  logins: [{ user: 'acme', password: `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}` }],
  feeds: [{ name: 'orders', path: '/in/*' }],
});

export async function openStageLab(): Promise<StageLab> {
  const folder = mkdtempSync(join(tmpdir(), 'stage-lab-'));
  const queue = await openSqliteQueue({ file: join(folder, 'queue.db') });
  const store = createMemoryStore();
  const partners = new Map([[acme.name, acme]]);
  const lines: LogLine[] = [];
  const unused = () => {
    throw new Error('no stage of these tests uses it');
  };

  return {
    store,
    partners,
    lines,
    ports: {
      store,
      queue,
      ledger: createLedger(store),
      partners: { named: (name: string) => partners.get(name) } as Partners,
      scanner: { scan: unused, version: unused },
      target: unused,
      log: linesInto(lines),
    },
    async arrive({ published = true } = {}) {
      const id = newArrivalId();
      const arrival: Arrival = {
        id,
        partner: 'acme',
        feed: 'orders',
        key: `files/acme/in/${id}.x12`,
        path: `/in/${id}.x12`,
        size: 4,
        digests: { md5: 'known' },
        receivedAt: new Date().toISOString(),
        protocol: 'ftp',
        remote: '192.0.2.1',
        run: 1,
      };
      if (published) store.publish(arrival);
      return arrival;
    },
    ask: (stage, arrival) =>
      queue.send(pipeline[stage].queue, [{ body: encodeEvent(stageEvent(stage, arrival)) }]),
    async close() {
      await queue.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** All stages pass; those given replace theirs. */
export function stagesWith(some: Partial<Stages>): Stages {
  const passes: Stage = async (): Promise<Outcome> => ({ result: 'passed' });
  return { validate: passes, scan: passes, route: passes, deliver: passes, ...some };
}

function linesInto(lines: LogLine[]): Log {
  const at = (level: LogLine['level']) => (fields: object, message: string) =>
    void lines.push({ ...fields, level, message });
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

type MemoryStore = Store & {
  publish(arrival: Arrival): void;
  forget(arrival: Arrival): void;
  /** While set, writing throws it. */
  fault: Fault | undefined;
};

/** The part of a store that the ledger and the stages' host use. */
function createMemoryStore(): MemoryStore {
  const objects = new Map<string, { bytes: Buffer; arrival?: string; modified: Date }>();
  const find = (key: string, arrival?: string) => {
    const object = objects.get(key);
    return arrival === undefined || object?.arrival === arrival ? object : undefined;
  };
  const store = {
    fault: undefined as Fault | undefined,
    publish({ key, id, size }: Arrival) {
      objects.set(key, { bytes: Buffer.alloc(size), arrival: id, modified: new Date() });
    },
    forget({ key }: Arrival) {
      objects.delete(key);
    },
    objects: {
      async head(key: string, arrival?: string) {
        const found = find(key, arrival);
        return found && { key, size: found.bytes.length, modified: found.modified, arrival: found.arrival };
      },
      async *read(key: string) {
        const found = find(key);
        if (!found) throw new Fault('not-found', key);
        yield found.bytes;
      },
      async put(key: string, bytes: Uint8Array, { ifAbsent = false } = {}) {
        if (store.fault) throw store.fault;
        if (ifAbsent && objects.has(key)) throw new Fault('exists', key);
        objects.set(key, { bytes: Buffer.from(bytes), modified: new Date() });
      },
    },
    folders: {
      async *list(key: string) {
        for (const [name, { bytes, modified }] of objects) {
          if (!name.startsWith(`${key}/`)) continue;
          yield { kind: 'file', name: name.slice(key.length + 1), size: bytes.length, modified };
        }
      },
    },
  };
  return store as unknown as MemoryStore;
}

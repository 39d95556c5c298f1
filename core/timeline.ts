import type { StageRecord, Timeline } from './ledger.ts';

/**
 * `kept`: passed, of a feed without targets, so it stays in the store. `duplicate`: passed, and goes no further, as its
 * content did as another arrival.
 */
export const arrivalStates = [
  'stored',
  'received',
  'held',
  'rejected',
  'quarantined',
  'kept',
  'duplicate',
  'delivering',
  'delivered',
  'failed',
] as const;
/** Where an arrival is on its way, as its latest run tells. */
export type ArrivalState = (typeof arrivalStates)[number];

export interface ArrivalProgress {
  readonly state: ArrivalState;
  readonly run: number;
  /** Targets that have it, of those that it was routed to. */
  readonly delivered: number;
  readonly targets: number;
}

export function progressOf({ arrival, announced, records }: Timeline): ArrivalProgress {
  const run = records.reduce((latest, record) => Math.max(latest, record.run), arrival.run);
  const own = records.filter((record) => record.run === run);
  // Notes (held, failed) say only why a stage was not done yet: its record, once there, overrules them.
  const done = own.filter((record) => !isNote(record));
  const open = own.filter((note) => isNote(note) && !done.some((record) => isSameStage(record, note)));
  const targets = done.find((record) => record.stage === 'route')?.next.length ?? 0;
  const delivered = done.filter(
    (record) => record.stage === 'deliver' && record.result === 'delivered',
  ).length;

  const has = (among: readonly StageRecord[], result: StageRecord['result']): boolean =>
    among.some((record) => record.result === result);
  const routed = done.some((record) => record.stage === 'route');
  const state = (): ArrivalState => {
    if (!announced) return 'stored';
    if (has(done, 'quarantined')) return 'quarantined';
    if (has(done, 'rejected')) return 'rejected';
    if (has(open, 'failed')) return 'failed';
    if (has(open, 'held')) return 'held';
    if (done.some(({ result, next }) => result === 'passed' && next.length === 0)) return 'duplicate';
    if (!routed) return 'received';
    if (targets === 0) return 'kept';
    return delivered < targets ? 'delivering' : 'delivered';
  };
  return { state: state(), run, delivered, targets };
}

const isNote = (record: StageRecord): boolean => record.result === 'held' || record.result === 'failed';

const isSameStage = (one: StageRecord, other: StageRecord): boolean =>
  one.stage === other.stage && one.target === other.target;

/** Reasons that a record stands for: of many findings it has the first ones, and their numbers. */
export function reasonCount({ reasons, details }: Pick<StageRecord, 'reasons' | 'details'>): number {
  const found = [details.errors, details.warnings].map((count) => (typeof count === 'number' ? count : 0));
  return Math.max(reasons.length, found[0]! + found[1]!);
}

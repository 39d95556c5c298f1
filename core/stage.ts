import type { Arrival } from './arrival.ts';
import { encodeEvent, type LandfallEvent, type StageName, stageEvent, stageOf } from './event.ts';
import { Fault, type FaultCode } from './fault.ts';
import type { Feed } from './feed.ts';
import type { Ledger, Reason, StageRecord } from './ledger.ts';
import { feedNamed, type Partner } from './partner.ts';
import { isLastAttempt, leastHeldMs, PUBLISH_GRACE_MS, PUBLISH_REPEAT_MS, pipeline } from './pipeline.ts';
import type { Log } from './ports/log.ts';
import type { Partners } from './ports/partners.ts';
import type { Queue } from './ports/queue.ts';
import type { Scanner } from './ports/scanner.ts';
import type { Objects, Store } from './ports/store.ts';
import type { Target } from './ports/target.ts';
import type { TargetSpec } from './target-spec.ts';

/**
 * How one message becomes one stage done once. The same for every host, a consumer or a Lambda handler: what
 * resolves is acknowledged, what throws is given back.
 */

export interface StagePorts {
  readonly store: Store;
  readonly queue: Queue;
  readonly ledger: Ledger;
  readonly partners: Partners;
  readonly scanner: Scanner;
  /** Opens a feed's target. */
  readonly target: (spec: TargetSpec) => Target;
  readonly log: Log;
}

/** One piece of work: the arrival with the rules that hold for it now. */
export interface Work {
  readonly arrival: Arrival;
  readonly partner: Partner;
  readonly feed: Feed;
  readonly target?: string | undefined;
  readonly signal: AbortSignal;
}

export interface Outcome {
  readonly result: StageRecord['result'];
  readonly reasons?: readonly Reason[];
  readonly details?: Record<string, unknown>;
  readonly next?: readonly { readonly stage: StageName; readonly target?: string }[];
  readonly digests?: Arrival['digests'];
}

export type Stage = (work: Work, ports: StagePorts) => Promise<Outcome>;
export type Stages = Readonly<Record<StageName, Stage>>;

export interface Message {
  readonly event: LandfallEvent;
  readonly sentAt: Date;
  readonly attempt: number;
  /** How long its host has had it at this attempt, in milliseconds. */
  readonly heldMs: number;
}

/**
 * Runs the stage unless the ledger has it already, writes its record, sends on what follows. Resolves when the message
 * can go. Throws `not-yet` while the object is not published, `cancelled` when the host stops, any other `Fault` when
 * the stage could not be done. `signal` aborts with the fault that says why: `timed-out` or `cancelled`.
 */
export async function runStage(
  stages: Stages,
  message: Message,
  ports: StagePorts,
  signal: AbortSignal,
): Promise<StageRecord | 'dropped'> {
  const { target } = message.event.data;
  let { arrival } = message.event.data;
  const stage = stageOf(message.event);
  const key = { arrival: arrival.id, run: arrival.run, stage, target };

  const done = await ports.ledger.stage(key);
  if (done) {
    const known = stage === 'validate' ? await asReceived(arrival, ports) : arrival;
    return known ? await sendOn(done, known, ports) : 'dropped';
  }

  const started = performance.now();
  const record = (outcome: Outcome): StageRecord => ({
    ...key,
    result: outcome.result,
    reasons: [...(outcome.reasons ?? [])],
    at: new Date().toISOString(),
    tookMs: Math.round((performance.now() - started) * 10) / 10,
    details: outcome.details ?? {},
    next: [...(outcome.next ?? [])],
    ...(outcome.digests ? { digests: outcome.digests } : {}),
  });

  let outcome: Outcome;
  try {
    if (stage === 'validate') {
      const published = await whenPublished(message, ports);
      if (!published) return 'dropped';
      arrival = published;
    }
    if (message.attempt > pipeline[stage].attempts) {
      throw new Fault('internal', `given up: none of ${pipeline[stage].attempts} attempts came to an end`);
    }
    const { partner, feed } = rulesFor(arrival, ports.partners);
    outcome = await stages[stage]({ arrival, partner, feed, target, signal }, ports);
  } catch (thrown) {
    const fault = Fault.from(signal.aborted ? signal.reason : thrown);
    if (!UNREMARKABLE.has(fault.code)) {
      const reason: Reason = { code: fault.code, message: fault.message };
      const last = isLastAttempt(pipeline[stage], fault, message.attempt);
      // A note, not the stage's record: when it is tried again, or redriven from the dead letters, it runs.
      await ports.ledger.note(record({ result: last ? 'failed' : 'held', reasons: [reason] }));
    }
    throw fault;
  }
  return await sendOn(await ports.ledger.finish(record(outcome)), arrival, ports);
}

/** Faults that are part of every day and nothing for the timeline. */
const UNREMARKABLE: ReadonlySet<FaultCode> = new Set(['not-yet', 'cancelled']);

/**
 * The arrival, if its object is there; then it is on the timeline, too. Undefined when it never came, and when the
 * arrival is known otherwise. Throws `not-yet` while it may still come, and `not-found` when it was there and has been
 * swept.
 */
async function whenPublished(
  { event, sentAt, attempt, heldMs }: Message,
  { store, ledger }: StagePorts,
): Promise<Arrival | undefined> {
  const { arrival } = event.data;
  if (await store.objects.head(arrival.key, arrival.id)) {
    return (await ledger.received(arrival)) ? arrival : await asReceived(arrival, { ledger });
  }
  const waitedMs = leastHeldMs(pipeline.validate, attempt) + heldMs;
  if (Date.now() - sentAt.getTime() <= PUBLISH_GRACE_MS || waitedMs < PUBLISH_REPEAT_MS) {
    throw new Fault('not-yet', arrival.path);
  }
  if ((await ledger.timeline(arrival.id))?.announced && (await asReceived(arrival, { ledger }))) {
    throw new Fault('not-found', 'the store does not have the file any more');
  }
  return undefined;
}

/**
 * The arrival as it was received. Renames that are tried again announce it again, at another time: what follows must
 * not depend on which of the messages a worker has. Undefined when it was received as something else. A file that goes
 * from a final name back to a temporary one and on to another final name is announced twice, too; were both followed,
 * the rules of two feeds would mix, and what one of them wants scanned could go out by the other's records.
 */
async function asReceived(
  arrival: Arrival,
  { ledger }: Pick<StagePorts, 'ledger'>,
): Promise<Arrival | undefined> {
  const { id, partner, feed, key, run } = arrival;
  const known = await ledger.arrival(id);
  if (!known) return arrival;
  const isSame = known.partner === partner && known.feed === feed && known.key === key;
  return isSame ? { ...known, run } : undefined;
}

/** The partner and the feed as they are now. Throws `not-found`: an operator mends the files and redrives. */
function rulesFor(arrival: Arrival, partners: Partners): { partner: Partner; feed: Feed } {
  const partner = partners.named(arrival.partner);
  if (!partner) throw new Fault('not-found', `there is no partner "${arrival.partner}" any more`);
  const feed = feedNamed(partner, arrival.feed);
  if (!feed)
    throw new Fault('not-found', `partner "${arrival.partner}" has no feed "${arrival.feed}" any more`);
  return { partner, feed };
}

async function sendOn(record: StageRecord, arrival: Arrival, ports: StagePorts): Promise<StageRecord> {
  const known = { ...arrival, digests: { ...arrival.digests, ...record.digests } };
  const byQueue = Map.groupBy(record.next, ({ stage }) => pipeline[stage].queue);
  for (const [queue, next] of byQueue) {
    const bodies = next.map(({ stage, target }) => encodeEvent(stageEvent(stage, known, target)));
    await ports.queue.send(
      queue,
      bodies.map((body) => ({ body, group: arrival.partner })),
    );
  }
  return record;
}

/** The bytes of an arrival, or those before `to`, wherever its name has gone since. */
export const bytesOf = (objects: Objects, arrival: Arrival, range: { readonly to?: number } = {}) =>
  objects.read(arrival.key, { ...range, arrival: arrival.id });

import { encodeEvent, stageEvent } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
import type { StageRecord, Timeline } from '../../core/ledger.ts';
import { pipeline } from '../../core/pipeline.ts';
import { safeText } from '../../core/safe-text.ts';
import { arrivalStates, progressOf, reasonCount } from '../../core/timeline.ts';
import { showBytes, showDuration } from '../../core/units.ts';
import { type Command, textOf, UsageError, type Values } from './command.ts';
import { dayBefore, findArrival } from './find-arrival.ts';
import { sayOne, sayRows } from './output.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
const DEFAULT_DAYS = 7;
/** Days that one list looks through. */
const MAX_DAYS = 400;

const list: Command = {
  name: 'arrivals list',
  usage: '[--partner P] [--feed F] [--result R] [--since DAY] [--until DAY] [--limit N]',
  about: 'arrivals, the newest first; of the last 7 days unless --since says otherwise',
  options: {
    partner: { type: 'string' },
    feed: { type: 'string' },
    result: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    limit: { type: 'string' },
  },
  words: [0, 0],
  async run(_words, values, { ports, terminal }) {
    const limit = limitOf(values);
    const days = daysOf(values);
    requireState(textOf(values, 'result'));
    const { ledger } = await ports();
    const rows: ReturnType<typeof rowOf>[] = [];
    let isCut = false;
    for (const day of days) {
      for (const id of (await ledger.arrivalsOf(day)).reverse()) {
        if (isCut) break;
        const timeline = await ledger.timeline(id);
        if (timeline === undefined) continue;
        const row = rowOf(timeline);
        const wanted = { partner: row.partner, feed: row.feed, result: row.state };
        if (!Object.entries(wanted).every(([name, is]) => (values[name] ?? is) === is)) continue;
        if (rows.length === limit) isCut = true;
        else rows.push(row);
      }
    }
    const shown = terminal.json
      ? rows
      : rows.map((row) => ({ ...row, size: showBytes(row.size), state: row.progress }));
    sayRows(terminal, ['id', 'receivedAt', 'partner', 'feed', 'path', 'size', 'state'], shown, 'no arrivals');
    if (isCut && !terminal.json) terminal.say(`There are more than these ${limit}: see --limit`);
    return 0;
  },
};

const rowOf = (timeline: Timeline) => {
  const { id, receivedAt, partner, feed, path, size } = timeline.arrival;
  const { state, run, delivered, targets } = progressOf(timeline);
  return {
    id,
    receivedAt,
    partner,
    feed,
    path,
    size,
    state,
    run,
    delivered,
    targets,
    progress: progressText(timeline),
  };
};

const progressText = (timeline: Timeline): string => {
  const { state, delivered, targets } = progressOf(timeline);
  return targets > 0 ? `${state} ${delivered} of ${targets}` : state;
};

function requireState(text: string | undefined): void {
  if (text === undefined || (arrivalStates as readonly string[]).includes(text)) return;
  throw new UsageError(`--result is one of ${arrivalStates.join(', ')}`);
}

function limitOf(values: Values): number {
  const limit = Number(textOf(values, 'limit') ?? DEFAULT_LIMIT);
  if (Number.isInteger(limit) && limit > 0 && limit <= MAX_LIMIT) return limit;
  throw new UsageError(`--limit is a number from 1 to ${MAX_LIMIT}`);
}

/** The days from --until back to --since, both included. */
function daysOf(values: Values): string[] {
  const day = (name: string, otherwise: string): string => {
    const text = textOf(values, name) ?? otherwise;
    if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
    throw new UsageError(`--${name} is a day (UTC) such as 2026-11-25`);
  };
  // Tomorrow too: a listener's clock may be ahead of this one's.
  const until = day('until', dayBefore(-1));
  const since = day('since', dayBefore(DEFAULT_DAYS - 1));
  const days: string[] = [];
  for (let back = 0; dayBefore(back, Date.parse(until)) >= since; back += 1) {
    if (back === MAX_DAYS) throw new UsageError(`at most ${MAX_DAYS} days in one list`);
    days.push(dayBefore(back, Date.parse(until)));
  }
  return days;
}

const show: Command = {
  name: 'arrivals show',
  usage: 'ID',
  about: 'the timeline of one; the beginning of an id is enough, or its end, as in names of reports',
  options: {},
  words: [1, 1],
  async run([text = ''], _values, { ports, terminal }) {
    const timeline = await findArrival((await ports()).ledger, text);
    const { arrival } = timeline;
    const digests = Object.entries(arrival.digests).map(([name, value]) => `${name} ${value}`);
    sayOne(terminal, { ...timeline, progress: progressOf(timeline) }, [
      safeText(`${arrival.partner} ${arrival.path}   ${progressText(timeline)}`),
      safeText(`  id        ${arrival.id}`),
      safeText(`  feed      ${arrival.feed}`),
      safeText(`  size      ${showBytes(arrival.size)}`),
      ...digests.map((digest) => safeText(`  digest    ${digest}`)),
      safeText(`${arrival.receivedAt}  received by ${arrival.protocol} from ${arrival.remote}`),
      ...timeline.records.flatMap(recordLines),
    ]);
    return 0;
  },
};

function recordLines(record: StageRecord): string[] {
  const { at, run, stage, target, result, tookMs, reasons, details } = record;
  const more = reasonCount(record) - reasons.length;
  const again = run > 1 ? `  (run ${run})` : '';
  const to = target === undefined ? '' : ` ${target}`;
  const place = typeof details.place === 'string' ? `  ${details.place}` : '';
  return [
    `${at}  ${stage}${to}: ${result} in ${showDuration(tookMs)}${place}${again}`,
    ...reasons.map(
      ({ code, message, where }) => `    ${code}: ${message}${where === undefined ? '' : ` (${where})`}`,
    ),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ].map(safeText);
}

const rerun: Command = {
  name: 'arrivals rerun',
  usage: 'ID',
  about: 'sends one through the pipeline again, as a new run',
  options: {},
  words: [1, 1],
  async run([text = ''], _values, { ports, terminal }) {
    const { store, queue, ledger } = await ports();
    const timeline = await findArrival(ledger, text);
    const { arrival } = timeline;
    if (!timeline.announced)
      throw new Fault('bad-argument', 'it is stored under a temporary name, not announced yet');
    if (!(await store.objects.head(arrival.key, arrival.id))) {
      throw new Fault(
        'not-found',
        'the bytes of this arrival are gone: replaced or removed, and swept since',
      );
    }
    const run = progressOf(timeline).run + 1;
    const event = stageEvent('validate', { ...arrival, run });
    await queue.send(pipeline.validate.queue, [{ body: encodeEvent(event), group: arrival.partner }]);
    sayOne(terminal, { arrival: arrival.id, run }, [safeText(`${arrival.path}: run ${run} is in the queue`)]);
    return 0;
  },
};

export const arrivalCommands: readonly Command[] = [list, show, rerun];

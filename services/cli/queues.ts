import { decodeEvent } from '../../core/event.ts';
import { pipeline, stageNames } from '../../core/pipeline.ts';
import { safeText } from '../../core/safe-text.ts';
import { sweepLimits } from '../housekeeping.ts';
import { type Command, textOf, UsageError, type Values } from './command.ts';
import { counted, sayOne, sayRows } from './output.ts';

const NONE_DEAD = 'no dead letters';

const queueNames: readonly string[] = stageNames.map((stage) => pipeline[stage].queue);

function chosenQueues(values: Values): readonly string[] {
  const name = textOf(values, 'queue');
  if (name === undefined) return queueNames;
  if (queueNames.includes(name)) return [name];
  throw new UsageError(`there is no queue "${name}"; there are ${queueNames.join(', ')}`);
}

const depths: Command = {
  name: 'queues',
  usage: '',
  about: 'how many messages wait, are in work and are dead, by stage',
  options: {},
  words: [0, 0],
  async run(_words, _values, { ports, terminal }) {
    const { queue } = await ports();
    const rows = await Promise.all(
      queueNames.map(async (name) => ({ queue: name, ...(await queue.depth(name)) })),
    );
    sayRows(terminal, ['queue', 'waiting', 'inFlight', 'dead'], rows, '');
    return 0;
  },
};

const deadList: Command = {
  name: 'dead list',
  usage: '[--queue Q]',
  about: 'dead letters: messages that were given up, and why',
  options: { queue: { type: 'string' } },
  words: [0, 0],
  async run(_words, values, { ports, terminal }) {
    const { queue } = await ports();
    const rows = [];
    for (const name of chosenQueues(values)) {
      for (const { id, body, attempt, reason, diedAt } of await queue.deadLetters(name)) {
        rows.push({ queue: name, id, ...subjectOf(body), attempt, diedAt: diedAt.toISOString(), reason });
      }
    }
    const columns = ['queue', 'id', 'arrival', 'path', 'target', 'attempt', 'diedAt', 'reason'];
    sayRows(terminal, columns, rows, NONE_DEAD);
    return 0;
  },
};

/** What the message was about; nothing for one that is no event, which may be why it died. */
function subjectOf(body: string): { arrival: string | null; path: string | null; target: string | null } {
  try {
    const { arrival, target } = decodeEvent(body).data;
    return { arrival: arrival.id, path: arrival.path, target: target ?? null };
  } catch {
    return { arrival: null, path: null, target: null };
  }
}

const redrive: Command = {
  name: 'dead redrive',
  usage: '[--queue Q] [ID...]',
  about: 'puts dead letters back into their queues: those named, or all',
  options: { queue: { type: 'string' } },
  words: [0, 1_000],
  async run(ids, values, { ports, terminal }) {
    const names = chosenQueues(values);
    const { queue } = await ports();
    let count = 0;
    for (const name of names) count += await queue.redrive(name, ids.length > 0 ? ids : undefined);
    const none = ids.length > 0 ? `no dead letter ${safeText(ids.join(' '))}` : NONE_DEAD;
    sayOne(terminal, { redriven: count }, [count > 0 ? `put back ${count}` : none]);
    return ids.length > 0 && count === 0 ? 1 : 0;
  },
};

const sweep: Command = {
  name: 'sweep',
  usage: '',
  about: 'ends old interrupted uploads and what was replaced long ago',
  options: {},
  words: [0, 0],
  async run(_words, _values, { ports, terminal, config }) {
    const { store } = await ports();
    const ages = { uploadsMs: config.LANDFALL_KEEP_UPLOADS, replacedMs: config.LANDFALL_KEEP_REPLACED };
    const swept = await store.uploads.sweep(sweepLimits(ages));
    const [uploads, files] = [
      counted(swept.uploads, 'interrupted upload'),
      counted(swept.unnamed, 'replaced file'),
    ];
    sayOne(terminal, swept, [`swept ${uploads}, ${files}`]);
    return 0;
  },
};

export const queueCommands: readonly Command[] = [deadList, redrive, depths, sweep];

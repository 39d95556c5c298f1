import { styleText } from 'node:util';
import { safeText } from '../../core/safe-text.ts';
import { showBytes, showDuration } from '../../core/units.ts';

/**
 * A log line for a person at a terminal:
 *
 *   14:03:07  acme /in/po.x12  validated in 4 ms
 *   14:03:07  acme /in/po.x12  delivered  target=erp  in 12 ms  -> /srv/delivered/orders/po.x12
 *   14:03:09  warn  virus scanner does not answer  attempt=2
 *
 * Of a field with several texts, such as the reasons of a rejection, each has a line of its own below it.
 */

const colours = { debug: 'gray', info: 'reset', warn: 'yellow', error: 'red', fatal: 'red' } as const;
const resultColours: Partial<Record<string, 'green' | 'yellow' | 'red'>> = {
  delivered: 'green',
  held: 'yellow',
  rejected: 'red',
  quarantined: 'red',
  failed: 'red',
};

interface Line {
  readonly time: string;
  readonly level: keyof typeof colours;
  readonly msg: string;
  readonly reasons?: readonly { readonly message: string }[];
  readonly moreReasons?: number;
  readonly faults?: readonly string[];
  readonly [field: string]: unknown;
}

/** Fields that the sentence has said already, or that only programs want. */
const SAID = new Set([
  ...['time', 'level', 'msg', 'partner', 'path', 'arrival', 'feed', 'result', 'stage'],
  ...['session', 'protocol', 'reasons', 'moreReasons', 'faults'],
]);

/** Below the text, not the time. */
const INDENT = ' '.repeat(10);

const safe = (value: unknown): string => safeText(typeof value === 'string' ? value : JSON.stringify(value));

function fieldText(name: string, value: unknown): string {
  if (name === 'tookMs' || name === 'ms') return `in ${showDuration(Number(value))}`;
  if (name === 'bytes' || name === 'size') return showBytes(Number(value));
  if (name === 'retryInMs') return `again in ${showDuration(Number(value))}`;
  if (name === 'withinMs') return `within ${showDuration(Number(value))}`;
  if (name === 'place') return `-> ${safe(value)}`;
  if (name === 'address') return `from ${safe(value)}`;
  if (name === 'err' || name === 'cause') return safe((value as { message?: string }).message ?? value);
  return `${name}=${safe(value)}`;
}

/** What is wrong, where there may be more than one thing. */
function textsOf({ reasons = [], moreReasons, faults = [] }: Line): string[] {
  const texts = [...reasons.map(({ message }) => message), ...faults];
  return [...texts.map(safe), ...(moreReasons ? [`and ${moreReasons} more`] : [])];
}

/** One JSON line of the log, as text for a terminal, its line end included. */
export function terminalLine(json: string): string {
  const line = JSON.parse(json) as Line;
  const time = new Date(line.time).toTimeString().slice(0, 8);
  const named = [line.partner, line.path].filter((part) => part !== undefined).map(safe);
  const subject = named.length === 0 ? '' : `${named.join(' ')}  `;
  const level = line.level === 'info' || line.path !== undefined ? '' : `${line.level}  `;
  const colour = resultColours[String(line.result)] ?? colours[line.level];
  const fields = Object.entries(line)
    .filter(([name, value]) => !SAID.has(name) && value !== undefined)
    // Where a file is told of, its session's login has told it.
    .filter(([name]) => name !== 'address' || line.path === undefined)
    .map(([name, value]) => fieldText(name, value));
  const texts = textsOf(line);
  const [beside, below] = texts.length === 1 ? [texts, []] : [[], texts];
  const text = styleText(colour, [safe(line.msg), ...fields, ...beside].join('  '));
  const lines = [`${styleText('gray', time)}  ${level}${subject}${text}`];
  return [...lines, ...below.map((one) => `${INDENT}${styleText(colour, one)}`), ''].join('\n');
}

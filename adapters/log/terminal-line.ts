import { styleText } from 'node:util';
import { safeText } from '../../core/safe-text.ts';
import { showBytes, showDuration } from '../../core/units.ts';

/**
 * A log line for a person at a terminal:
 *
 *   14:03:07  acme /in/po.x12  validated in 4 ms
 *   14:03:07  acme /in/po.x12  delivered to erp in 12 ms  data/delivered/orders/po.x12
 *   14:03:09  warn  virus scanner does not answer  attempt=2
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
  readonly [field: string]: unknown;
}

/** Fields that the sentence has said already, or that only programs want. */
const SAID = new Set([
  ...['time', 'level', 'msg', 'partner', 'path', 'arrival', 'feed', 'result', 'stage'],
  ...['session', 'protocol', 'address'],
]);

const safe = (value: unknown): string => safeText(typeof value === 'string' ? value : JSON.stringify(value));

function fieldText(name: string, value: unknown): string {
  if (name === 'tookMs' || name === 'ms') return `in ${showDuration(Number(value))}`;
  if (name === 'bytes' || name === 'size') return showBytes(Number(value));
  if (name === 'place') return `-> ${safe(value)}`;
  if (name === 'reasons') {
    return (value as { code: string; message: string }[]).map((reason) => safe(reason.message)).join('; ');
  }
  if (name === 'err' || name === 'cause') return safe((value as { message?: string }).message ?? value);
  return `${name}=${safe(value)}`;
}

/** One JSON line of the log, as one line for a terminal, its line end included. */
export function terminalLine(json: string): string {
  const line = JSON.parse(json) as Line;
  const time = new Date(line.time).toTimeString().slice(0, 8);
  const named = [line.partner, line.path].filter((part) => part !== undefined).map(safe);
  const subject = named.length === 0 ? '' : `${named.join(' ')}  `;
  const level = line.level === 'info' || line.path !== undefined ? '' : `${line.level}  `;
  const colour = resultColours[String(line.result)] ?? colours[line.level];
  const fields = Object.entries(line)
    .filter(
      ([name, value]) =>
        !SAID.has(name) && value !== undefined && !(Array.isArray(value) && value.length === 0),
    )
    .map(([name, value]) => fieldText(name, value));
  const text = styleText(colour, [safe(line.msg), ...fields].join('  '));
  return `${styleText('gray', time)}  ${level}${subject}${text}\n`;
}

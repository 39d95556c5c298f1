import pino from 'pino';
import type { Config } from '../../core/config.ts';
import type { Log } from '../../core/ports/log.ts';
import { terminalLine } from './terminal-line.ts';

/** Whether the log is for a person to read, rather than one JSON object a line for programs. */
export const isForPeople = (config: Config): boolean =>
  config.LANDFALL_LOG === 'pretty' || (config.LANDFALL_LOG === 'auto' && process.stdout.isTTY === true);

export function createLog(config: Config): Log {
  const options = {
    level: config.LANDFALL_LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.errWithCause, cause: pino.stdSerializers.errWithCause },
  };
  if (!isForPeople(config)) return pino(options, process.stdout);
  return pino(options, { write: (line: string) => process.stdout.write(terminalLine(line)) });
}

import pino from 'pino';
import type { Config } from '../../core/config.ts';
import type { Log } from '../../core/ports/log.ts';
import { terminalLine } from './terminal-line.ts';

/** Whether the log is for a person to read, rather than one JSON object a line for programs. */
export const isForPeople = (config: Config): boolean =>
  config.LANDFALL_LOG === 'pretty' || (config.LANDFALL_LOG === 'auto' && process.stdout.isTTY === true);

/** Characters of log lines that wait to be written; with a reader that has stopped, newer ones are dropped. */
const MAX_UNWRITTEN = 4 * 1024 * 1024;

export function createLog(config: Config): Log {
  const options = {
    level: config.LANDFALL_LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.errWithCause, cause: pino.stdSerializers.errWithCause },
  };
  // Off the event loop: a write to a file waits for a disk that is busy, one to a pipe for its reader. What is not
  // written yet is, when the process exits; what a SIGKILL takes of it is milliseconds.
  if (!isForPeople(config)) {
    return pino(options, pino.destination({ dest: 1, sync: false, maxLength: MAX_UNWRITTEN }));
  }
  return pino(options, { write: (line: string) => process.stdout.write(terminalLine(line)) });
}

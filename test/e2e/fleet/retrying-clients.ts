import { join } from 'node:path';
import type { Invocation } from '../../wire/clients/client.ts';
import { quoted } from '../../wire/clients/rows/lftp.ts';
import type { FrontDoor } from './tree-clients.ts';

/**
 * A client as its users set it up where uploads fail now and then: it tries again, and goes on from what is there. It
 * shows the server's replies.
 */
export interface RetryingClient {
  readonly name: string;
  upload(door: FrontDoor, from: string, to: string): Invocation;
}

/** Bytes a second, so that a file takes longer than a listener waits for it when it stops. */
const RATE = 1_500_000;
const RETRIES = 60;

export const retryingClients: readonly RetryingClient[] = [
  {
    name: 'curl',
    upload: ({ host, port, user, password, ca }, from, to) => ({
      // Not by --retry: that goes on with a connection on which curl may have lost count of the replies.
      command: 'sh',
      args: [
        ...['-c', `for try in $(seq ${RETRIES}); do curl "$@" && exit; sleep 1; done; exit 1`, 'curl'],
        ...['--disable', '--verbose', '--stderr', '-', '--user', `${user}:${password}`],
        ...(ca === undefined ? [] : ['--ssl-reqd', '--cacert', ca]),
        ...['--continue-at', '-', '--connect-timeout', '5', '--speed-time', '10'],
        ...['--limit-rate', String(RATE)],
        ...['--upload-file', from, `ftp://${host}:${port}${to}`],
      ],
    }),
  },
  {
    name: 'lftp',
    upload: ({ host, port, user, password, ca }, from, to) => ({
      command: 'lftp',
      args: [
        '--norc',
        '-c',
        [
          'set cmd:fail-exit yes',
          'debug 4',
          `set net:max-retries ${RETRIES}`,
          'set net:reconnect-interval-base 1',
          'set net:reconnect-interval-multiplier 1',
          'set net:timeout 10',
          `set net:limit-rate 0:${RATE}`,
          ...(ca === undefined
            ? ['set ftp:ssl-allow no']
            : [`set ssl:ca-file ${quoted(ca)}`, 'set ftp:ssl-force yes', 'set ftp:ssl-protect-data yes']),
          `open -u ${user},${password} ftp://${host}:${port}`,
          `put -c ${quoted(from)} -o ${quoted(to)}`,
        ].join('\n'),
      ],
    }),
  },
  {
    name: 'ftplib',
    upload: ({ host, port, user, password, ca }, from, to) => ({
      command: 'python3',
      args: [
        join(import.meta.dirname, 'programs/ftplib_retry.py'),
        ...[host, String(port), user, password, ca ?? '-', from, to],
      ],
    }),
  },
];

import { run } from './namespaces.ts';
import type { PrivateFault } from './network.ts';

/** What a slow private network carries. */
const SLOW = ['rate', '4mbit', 'burst', '32kb', 'latency', '400ms'];
/** Of a hundred packets, how many a lossy one loses. */
const LOST = 10;

const verdicts: Record<PrivateFault, string | undefined> = {
  none: undefined,
  slow: undefined,
  cut: 'drop',
  lossy: `numgen random mod 100 < ${LOST} drop`,
};

/** Makes the fault, and ends the one before, at the interface `private` of a namespace, for one port of TCP. */
export function disturbPrivate(within: readonly string[], fault: PrivateFault, port: number): void {
  const verdict = verdicts[fault];
  const drops = `
    table inet fault {
      chain arriving {
        type filter hook input priority filter
        iifname private tcp dport ${port} ${verdict}
        iifname private tcp sport ${port} ${verdict}
      }
    }
  `;
  const rules = `table inet fault\ndelete table inet fault\n${verdict ? drops : ''}\n`;
  run([...within, 'nft', '-f', '-'], rules);

  const tc = (...words: string[]): string => run([...within, 'tc', 'qdisc', ...words]);
  const isSlow = tc('show', 'dev', 'private').includes('tbf');
  if (isSlow && fault !== 'slow') tc('delete', 'dev', 'private', 'root');
  if (!isSlow && fault === 'slow') tc('add', 'dev', 'private', 'root', 'tbf', ...SLOW);
}

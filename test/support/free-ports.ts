import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what systems hand out by themselves (from 32768 on Linux), above what services have. */
const [FIRST, LAST] = [10_000, 32_000];
const TRIES = 100;

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * A block of ports that nobody has now, at every address of this machine. Tests that run beside this one choose theirs
 * at random too, so two rarely want the same.
 */
export async function freePorts(count: number): Promise<PortRange> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const first = randomInt(FIRST, LAST - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return { first, last: first + count - 1 };
  }
  throw new Error(`no ${count} ports in a row are free`);
}

/** As the variable of Landfall's environment is written. */
export async function freePassivePorts(count = 16): Promise<string> {
  const { first, last } = await freePorts(count);
  return `${first}-${last}`;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    // Without an address Node takes `::` with IPv4, or 0.0.0.0 where there is no IPv6.
    const server = createServer().listen(port, () => server.close(() => resolve(true)));
    server.once('error', () => resolve(false));
  });

import { createRedisFleet } from '../../adapters/fleet/redis.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import { quietLog } from './quiet-log.ts';

/** A listener to be killed, reached at `killed:1`, with a session from an address: `URL ADDRESS`. Says so when it has it. */
const [url, address] = process.argv.slice(2) as [string, string];
const fleet = createRedisFleet({
  ...parseRedisUrl(url),
  passivePorts: { first: 30_000, last: 30_009 },
  log: quietLog,
});
await fleet.listeners.join('killed:1');
await fleet.enter({ address }, {});
console.log('entered');

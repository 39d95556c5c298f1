import { createRedisFleet } from '../../adapters/fleet/redis.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import { quietLog } from './quiet-log.ts';

/** A listener to be killed with a session from an address: `URL ADDRESS`. Says so when it has it. */
const [url, address] = process.argv.slice(2) as [string, string];
await createRedisFleet({ ...parseRedisUrl(url), log: quietLog }).enter({ address }, {});
console.log('entered');

import { openBullmqQueue } from '../../adapters/queue/bullmq/queue.ts';
import { openSqsQueue } from '../../adapters/queue/sqs/queue.ts';
import { parseSqsUrl } from '../../adapters/queue/sqs/url.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import type { Queue } from '../../core/ports/queue.ts';
import { quietLog } from './quiet-log.ts';

/** A process to be killed with a message in hand: `URL QUEUE VISIBILITY_MS`. Says the message's body on its output. */
const [url, name, visibilityMs] = process.argv.slice(2) as [string, string, string];
const open: Record<string, () => Promise<Queue>> = {
  redis: () => openBullmqQueue({ ...parseRedisUrl(url), log: quietLog }),
  sqs: () => openSqsQueue(parseSqsUrl(url)),
};
const queue = await open[url.split(':', 1)[0]!]!();
const receive = { max: 1, waitMs: 60_000, visibilityMs: Number(visibilityMs) };
const [delivery] = await queue.receive(name, receive, new AbortController().signal);
setInterval(() => delivery!.extend(receive.visibilityMs), receive.visibilityMs / 3);
console.log(delivery!.body);
